// `job stop` and `job remove`: two wishes about the whole job. A stopped job keeps its document and runs again with `job run`; a removed
// one is hidden as well, and its slots' history may be forgotten.

import type { Command } from 'commander'
import { jobPaths } from '../../crdt/documents/job.ts'
import { type Cli, type WriteOptions, confirmOptions, parseMillis, remote } from '../command.ts'
import type { ExitCode } from '../exit-codes.ts'
import { editJob } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { sendWish } from '../job/send-wish.ts'
import { printData } from '../print.ts'
import type { Session } from '../peers/session.ts'

interface Options extends WriteOptions {
  readonly detach?: boolean
  readonly follow: number
}

export function addJobStop(parent: Command, cli: Cli): Command {
  return addWish(parent, cli, 'stop', 'stopped', 'stop all copies of a job; job run starts it again')
}

export function addJobRemove(parent: Command, cli: Cli): Command {
  return addWish(parent, cli, 'remove', 'removed', 'stop all copies of a job and forget it')
}

function addWish(parent: Command, cli: Cli, word: string, desired: 'stopped' | 'removed', description: string): Command {
  const command = parent
    .command(word)
    .description(description)
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option('-d, --detach', 'return at once, without waiting for the copies to stop')
    .option('--follow <duration>', 'how long to wait for the copies to stop', parseMillis, 120_000)
  return remote<Options>(cli, confirmOptions(command), (session, { args, options }) => wish(session, args[0] ?? '', desired, options))
}

async function wish(session: Session, name: string, desired: 'stopped' | 'removed', options: Options): Promise<ExitCode> {
  const { io, format } = session
  const job = parseJob(name)
  const edit = await editJob(session, job, () => new Map([[jobPaths.desired, desired]]))
  if (edit.envelopes.length === 0 && format === 'table') io.stdout.write(`job ${shortJob(job)} is ${desired} already\n`)
  const followMs = options.detach === true ? null : options.follow
  const { receipt, detail, exitCode } = await sendWish(session, job, edit, { ...options, followMs })
  if (format !== 'table') printData(io, format, { job, desired, exitCode, receipt, detail })
  return exitCode
}
