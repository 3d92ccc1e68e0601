// What a change of a job's specification would do, and why: the change is made and signed as for real, but sent only to be tried out.

import { toBase64 } from '../../crdt/base64.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { fieldChanges } from '../job-file/flatten.ts'
import type { SpecEdit } from './job-from-file.ts'
import { shortJob } from './job-ref.ts'
import { nodeNames } from '../boards/node-names.ts'
import { printReply } from '../print.ts'
import { shortReasons } from '../render/explain.ts'
import { fieldChangeLines, plannedTable } from '../render/plan.ts'
import { simText } from '../render/sim.ts'
import type { Session } from '../peers/session.ts'
import { whatIf } from '../scenario/what-if.ts'

/** `fault`: also play the fleet with it. */
export async function planEdit(session: Session, { edit, job, pool, spec }: SpecEdit, headline: string, fault?: string): Promise<ExitCode> {
  const envelopes = edit.envelopes.map((one) => toBase64(one.bytes))
  const reply = await session.ask('plan', { method: 'job.plan', job, envelopes }, { pool })
  const names = session.format === 'table' ? await nodeNames(session, pool) : new Map<string, string>()
  const { crypto } = session.io
  const before = edit.before.changeCount > 0 ? jobView(crypto, edit.before).spec : null
  const after = jobView(crypto, edit.after).spec
  const fields = after === null ? [] : fieldChanges(before, after)
  const played = fault === undefined ? {} : { whatIf: await whatIf(session, fault, spec) }
  printReply(session, { ...reply, fields, envelopes: envelopes.length, ...played }, (plan, paint) => {
    const head = `job ${shortJob(job)} ${headline}\n`
    const why = shortReasons(plan.unplaced).map((line) => `${line}\n`)
    const table = plannedTable(plan.slots, names, paint)
    return `${head}${before === null ? '' : fieldChangeLines(fields, paint)}\n${table}${why.length === 0 ? '' : `\n${why.join('')}`}${
      'whatIf' in plan ? `\n${simText(plan.whatIf, paint)}` : ''
    }`
  })
  return envelopes.length === 0 ? exitCodes.planNothing : exitCodes.planChanges
}
