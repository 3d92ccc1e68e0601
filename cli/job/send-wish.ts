// A wish about a whole job, sent and, if it is asked for, followed: what job stop, pause, resume and promote do once they have made it.

import { jobView } from '../../crdt/documents/job.ts'
import type { JobDetail } from '../../crdt/api-jobs.ts'
import type { JobId } from '../../crdt/ids.ts'
import type { WriteOptions } from '../command.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import { type Receipt, submit } from '../documents/submit.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Session } from '../peers/session.ts'
import { receiptLine } from '../render/receipt.ts'
import type { Edit } from './job-edit.ts'
import { followRollout } from './rollout.ts'
import { reportRollout } from './rollout-report.ts'
import { versionText } from './version-text.ts'

export interface SendOptions extends WriteOptions {
  /** How long to follow what becomes of it; null: not at all. */
  readonly followMs: number | null
}

export interface Sent {
  readonly receipt: Receipt
  /** As it was seen last. */
  readonly detail: JobDetail | null
  readonly exitCode: ExitCode
}

export async function sendWish(session: Session, job: JobId, edit: Edit, options: SendOptions): Promise<Sent> {
  const { io, format } = session
  const { pool } = edit.before
  const receipt = await submit(session, await settlingEnvelopes(session, edit, pool), pool, options)
  if (format === 'table') io.stdout.write(receiptLine(receipt, options.confirm))
  if (!receipt.confirmed) return { receipt, detail: null, exitCode: exitCodes.notConfirmed }
  if (options.followMs === null) return { receipt, detail: null, exitCode: exitCodes.done }
  const version = versionText(jobView(io.crypto, edit.after).version)
  const rollout = await followRollout(session, { job, pool, version, timeoutMs: options.followMs })
  return { receipt, detail: rollout.job, exitCode: await reportRollout(session, job, pool, rollout) }
}
