// The change of a job's specification, sent and followed: what `job run` and `job revert` do once they have made it.

import type { Command } from 'commander'
import { jobView } from '../../crdt/documents/job.ts'
import { type WriteOptions, confirmOptions, parseMillis } from '../command.ts'
import { CliError, wordsOf } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Edit } from './job-edit.ts'
import { fieldChanges } from '../job-file/flatten.ts'
import type { SpecEdit } from './job-from-file.ts'
import { parseJob, shortJob } from './job-ref.ts'
import { paintFor, printData } from '../print.ts'
import { fieldChangeLines } from '../render/plan.ts'
import { holdingTable, receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import { followRollout } from './rollout.ts'
import { reportRollout } from './rollout-report.ts'
import type { Session } from '../peers/session.ts'
import { type Receipt, submit } from '../documents/submit.ts'
import { versionText } from './version-text.ts'
import { type Wait, confirmationOf, parseWait } from './wait-option.ts'
import { whoHas } from './who-has.ts'

export interface RunOptions extends WriteOptions {
  readonly detach?: boolean
  readonly wait?: Wait
  readonly follow: number
}

export function runOptions(command: Command): Command {
  command
    .option('-d, --detach', 'return at once, without following the roll-out')
    .option(
      '--wait <what>',
      'pool=NAME,count=NUMBER|all,timeout=DURATION: until so many boards have it (all if it does not say), and which have not',
      parseWait,
    )
    .option('--follow <duration>', 'how long to follow the roll-out', parseMillis, 600_000)
  return confirmOptions(command)
}

export function mustWaitOnce({ wait, confirm }: RunOptions): void {
  if (wait !== undefined && confirm > 1) throw new CliError('E_USAGE', 'say either --confirm or --wait')
}

/** `headline`: what is to become of the job, as in `job hello HEADLINE`. */
export async function runEdit(session: Session, { edit, job, pool }: SpecEdit, headline: string, options: RunOptions): Promise<ExitCode> {
  const asked = options.wait === undefined ? options : await confirmationOf(session, options.wait, pool, options)
  sayChanges(session, edit, job, headline)
  const receipt = await submit(session, await settlingEnvelopes(session, edit, pool), pool, asked)
  if (session.format === 'table') session.io.stdout.write(receiptLine(receipt, asked.confirm))
  if (!receipt.confirmed) {
    if (options.wait !== undefined) await sayWhoHas(session, job, pool)
    return finish(session, job, receipt, null, exitCodes.notConfirmed)
  }
  if (options.detach === true) return finish(session, job, receipt, null, exitCodes.done)
  const version = versionText(jobView(session.io.crypto, edit.after).version)
  const rollout = await followRollout(session, { job: parseJob(job), pool, version, timeoutMs: options.follow })
  const exitCode = await reportRollout(session, parseJob(job), pool, rollout)
  return finish(session, job, receipt, rollout.job, exitCode)
}

/** The change is in the mesh whether or not anybody can say this. */
async function sayWhoHas(session: Session, job: string, pool: string): Promise<void> {
  const { stderr } = session.io
  const told = await whoHas(session, parseJob(job), pool).then(
    (who) => holdingTable(who, paintFor(session.io, stderr)),
    (error: unknown) => `who has it could not be asked: ${safe(wordsOf(error))}\n`,
  )
  stderr.write(told)
}

function sayChanges(session: Session, edit: Edit, job: string, headline: string): void {
  if (session.format !== 'table') return
  const { crypto, stdout } = session.io
  const before = edit.before.changeCount > 0 ? jobView(crypto, edit.before) : null
  const after = jobView(crypto, edit.after)
  const changes = before === null || after.spec === null ? [] : fieldChanges(before.spec, after.spec)
  stdout.write(`job ${shortJob(job)} ${headline}\n${fieldChangeLines(changes, paintFor(session.io))}`)
}

function finish(session: Session, job: string, receipt: Receipt, detail: unknown, exitCode: ExitCode): ExitCode {
  if (session.format !== 'table') {
    const { kind: _, ...data } = receipt
    printData(session.io, session.format, { job, exitCode, receipt: data, detail })
  }
  return exitCode
}
