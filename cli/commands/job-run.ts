// `job run`: makes the job in the mesh what the file says. The file is the whole specification: a field that it leaves out has
// its default, whatever was set elsewhere (such resets are shown). Only registers that differ are written, so a change of another
// field that is made elsewhere at the same time survives.

import type { Command } from 'commander'
import { jobPaths, jobView } from '../../crdt/documents/job.ts'
import { type Edit } from '../job-edit.ts'
import { type Cli, type WriteOptions, confirmOptions, parseMillis, remote } from '../command.ts'
import { CliError, wordsOf } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { fieldChanges } from '../job-file/flatten.ts'
import { editFromFile } from '../job-from-file.ts'
import { parseJob, shortJob } from '../job-ref.ts'
import { paintFor, printData } from '../print.ts'
import { fieldChangeLines } from '../render/plan.ts'
import { holdingTable, receiptLine } from '../render/receipt.ts'
import { followRollout } from '../rollout.ts'
import { reportRollout } from '../rollout-report.ts'
import type { Session } from '../session.ts'
import { type Receipt, submit } from '../submit.ts'
import { settlingEnvelopes } from '../resend.ts'
import { safe } from '../render/words.ts'
import { versionText } from '../version-text.ts'
import { type Wait, confirmationOf, parseWait } from '../wait-option.ts'
import { whoHas } from '../who-has.ts'

interface Options extends WriteOptions {
  readonly detach?: boolean
  readonly rerun?: boolean
  readonly wait?: Wait
  readonly follow: number
}

export function addJobRun(parent: Command, cli: Cli): Command {
  const command = parent
    .command('run')
    .description('submit a job file and follow the roll-out')
    .argument('<file>', 'job file (YAML or JSON); - reads standard input')
    .option('--rerun', 'of a job that runs once: also run again what is complete')
    .option('-d, --detach', 'return at once, without following the roll-out')
    .option(
      '--wait <what>',
      'pool=NAME,count=NUMBER|all,timeout=DURATION: until so many boards have it (all if it does not say), and which have not',
      parseWait,
    )
    .option('--follow <duration>', 'how long to follow the roll-out', parseMillis, 600_000)
  return remote<Options>(cli, confirmOptions(command), (session, { args, options }) => runJob(session, args[0] ?? '', options))
}

async function runJob(session: Session, file: string, options: Options): Promise<ExitCode> {
  if (options.wait !== undefined && options.confirm > 1) throw new CliError('E_USAGE', 'say either --confirm or --wait')
  const { edit, job, pool } = await editFromFile(session, file, options.rerun)
  const asked = options.wait === undefined ? options : await confirmationOf(session, options.wait, pool, options)
  sayChanges(session, edit, job)
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

function sayChanges(session: Session, edit: Edit, job: string): void {
  if (session.format !== 'table') return
  const { crypto, stdout } = session.io
  const before = edit.before.changeCount > 0 ? jobView(crypto, edit.before) : null
  const after = jobView(crypto, edit.after)
  const changes = before === null || after.spec === null ? [] : fieldChanges(before.spec, after.spec)
  stdout.write(`job ${shortJob(job)} ${headline(edit)}\n${fieldChangeLines(changes, paintFor(session.io))}`)
}

function headline({ before, after, envelopes }: Edit): string {
  if (before.changeCount === 0) return 'is new'
  if (envelopes.length === 0) return 'is already as the file says'
  const was = before.registers.get(jobPaths.desired)
  const again = before.registers.get(jobPaths.rerun) === after.registers.get(jobPaths.rerun) ? '' : '; what is complete runs once more'
  return `${was === 'stopped' || was === 'removed' ? `was ${was} and runs again` : 'changes'}${again}`
}

function finish(session: Session, job: string, receipt: Receipt, detail: unknown, exitCode: ExitCode): ExitCode {
  if (session.format !== 'table') {
    const { kind: _, ...data } = receipt
    printData(session.io, session.format, { job, exitCode, receipt: data, detail })
  }
  return exitCode
}
