// `job pause` and `job resume`: an operator's wish about all roll-outs of a job, the one under way and those to come, until it is taken
// back. `resume` follows the roll-out that goes on.

import type { Command } from 'commander'
import { jobPaths, jobView } from '../../crdt/documents/job.ts'
import { type Cli, type WriteOptions, confirmOptions, parseMillis, remote } from '../command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { editJob } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { sendWish } from '../job/send-wish.ts'
import { printData } from '../print.ts'
import type { Session } from '../peers/session.ts'

interface ResumeOptions extends WriteOptions {
  readonly detach?: boolean
  readonly follow: number
}

export function addJobPause(parent: Command, cli: Cli): Command {
  const command = parent
    .command('pause')
    .description('no copy of a job moves to a newer version until job resume; lost copies are still replaced')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
  return remote<WriteOptions>(cli, confirmOptions(command), (session, { args: [name = ''], options }) => wish(session, name, true, options))
}

export function addJobResume(parent: Command, cli: Cli): Command {
  const command = parent
    .command('resume')
    .description('let the roll-outs of a paused job go on, and follow')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option('-d, --detach', 'return at once, without following the roll-out')
    .option('--follow <duration>', 'how long to follow the roll-out', parseMillis, 600_000)
  return remote<ResumeOptions>(cli, confirmOptions(command), (session, { args: [name = ''], options }) =>
    wish(session, name, false, options, options.detach === true ? null : options.follow),
  )
}

/** `followMs`: how long to follow the roll-out; null: not at all. */
async function wish(
  session: Session,
  name: string,
  paused: boolean,
  options: WriteOptions,
  followMs: number | null = null,
): Promise<ExitCode> {
  const { io, format } = session
  const job = parseJob(name)
  const edit = await editJob(session, job, () => new Map([[jobPaths.paused, paused ? true : null]]))
  if (format === 'table') io.stdout.write(`${sentence(shortJob(job), paused, edit.envelopes.length === 0)}\n`)
  const isFollowed = jobView(io.crypto, edit.after).desired === 'run'
  const { receipt, detail, exitCode } = await sendWish(session, job, edit, { ...options, followMs: isFollowed ? followMs : null })
  if (format !== 'table') printData(io, format, { job, paused, exitCode, receipt, detail })
  return exitCode
}

function sentence(job: string, paused: boolean, isSo: boolean): string {
  if (isSo) return `the roll-outs of job ${job} are ${paused ? 'paused already' : 'not paused'}`
  return `the roll-outs of job ${job} ${paused ? 'are paused' : 'go on'}`
}
