// `job stop` and `job remove`: two wishes about the whole job. A stopped job keeps its document and runs again with `job run`; a removed
// one is hidden as well, and its slots' history may be forgotten.

import type { Command } from 'commander'
import { jobPaths } from '../../crdt/documents/job.ts'
import { type Cli, type WriteOptions, confirmOptions, parseMillis, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editJob } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { sendWish } from '../job/send-wish.ts'
import { printData } from '../print.ts'
import { isComplete } from '../render/jobs.ts'
import { receiptLine } from '../render/receipt.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import { submit } from '../documents/submit.ts'
import type { Session } from '../peers/session.ts'

interface Options extends WriteOptions {
  readonly detach?: boolean
  readonly follow: number
  readonly completeChildren?: boolean
}

export function addJobStop(parent: Command, cli: Cli): Command {
  return addWish(parent.command('stop'), cli, 'stopped', 'stop all copies of a job; job run starts it again')
}

export function addJobRemove(parent: Command, cli: Cli): Command {
  const command = parent
    .command('remove')
    .option('--complete-children', 'leave the job, and forget what was dispatched from it and is complete')
  return addWish(command, cli, 'removed', 'stop all copies of a job and forget it')
}

function addWish(command: Command, cli: Cli, desired: 'stopped' | 'removed', description: string): Command {
  command
    .description(description)
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option('-d, --detach', 'return at once, without waiting for the copies to stop')
    .option('--follow <duration>', 'how long to wait for the copies to stop', parseMillis, 120_000)
  return remote<Options>(cli, confirmOptions(command), async (session, { args: [name = ''], options }) =>
    options.completeChildren === true ? await removeComplete(session, name, options) : await wish(session, name, desired, options),
  )
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

/** Each is a document of its own, and is confirmed by itself. */
async function removeComplete(session: Session, name: string, options: Options): Promise<ExitCode> {
  const { io, format } = session
  const { job: parent } = await session.ask('job', { method: 'job.status', job: parseJob(name) })
  if (parent.dispatched === undefined)
    throw new CliError('E_DISPATCH', `job ${shortJob(parent.id)} has no parameterized block, so nothing is dispatched from it`)
  const complete = parent.dispatched.filter(isComplete)
  let exitCode: ExitCode = exitCodes.done
  for (const { id, pool } of complete) {
    const edit = await editJob(session, parseJob(id), () => new Map([[jobPaths.desired, 'removed']]))
    const receipt = await submit(session, await settlingEnvelopes(session, edit, pool), pool, options)
    if (!receipt.confirmed) exitCode = exitCodes.notConfirmed
    if (format === 'table') io.stdout.write(`job ${shortJob(id)} is removed: ${receiptLine(receipt, options.confirm)}`)
  }
  if (format === 'table' && complete.length === 0) io.stdout.write(`nothing of job ${shortJob(parent.id)} is complete\n`)
  if (format !== 'table') printData(io, format, { job: parent.id, removed: complete.map(({ id }) => id), exitCode })
  return exitCode
}
