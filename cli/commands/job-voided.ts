// `job voided`: edits without effect, because their key is revoked and no admin vouched for them; and the admin's word about them.

import type { Command } from 'commander'
import type { OperatorId } from '../../crdt/ids.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editJob } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { printData, printReply } from '../print.ts'
import { voidedText } from '../render/voided.ts'
import { receiptLine } from '../render/receipt.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'
import { epochBy, keepEpochs, wordChanges } from '../fleet/vouch.ts'
import { namesOf } from './job-history.ts'

interface Options extends WriteOptions {
  readonly accept?: boolean
  readonly release?: boolean
}

export function addJobVoided(parent: Command, cli: Cli): Command {
  const command = confirmOptions(parent.command('voided').description('list edits that a revoked key made and that have no effect'))
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option('--accept', 'an admin: they shall count')
    .option('--release', 'an admin: they shall not, and what still runs by them goes the way of everything else')
  return remote<Options>(cli, command, async (session, { args: [name = ''], options }) => {
    if (options.accept === true && options.release === true) throw new CliError('E_USAGE', 'say either --accept or --release')
    if (options.accept === true) return await decide(session, name, 'vouch', options)
    if (options.release === true) return await decide(session, name, 'release', options)
    const reply = await session.ask('job', { method: 'job.status', job: parseJob(name) })
    const names = await namesOf(session)
    printReply(session, reply, ({ job }, paint) => voidedText(job, names, paint))
    return exitCodes.done
  })
}

async function decide(session: Session, name: string, word: 'vouch' | 'release', options: Options): Promise<ExitCode> {
  const job = parseJob(name)
  const { job: detail } = await session.ask('job', { method: 'job.status', job })
  const keys = new Set(detail.voided.map(({ author }) => author as OperatorId))
  if (keys.size === 0) {
    session.io.stdout.write(`job ${shortJob(job)} has no edit without effect\n`)
    return exitCodes.done
  }
  const edit = await editJob(session, job, (doc) => wordChanges(doc, word, keys))
  if (edit.fleet.rights.now.get(edit.author)?.role !== 'admin')
    throw new CliError('E_ROLE', 'only an admin says what becomes of the edits of a revoked key', { hint: 'ask one' })
  if (word === 'vouch') await keepEpochs(session, epochBy(edit.before, [...keys]))
  const receipt = await submit(session, edit.envelopes, edit.before.pool, options)
  const said = word === 'vouch' ? 'count again' : 'are given up; what still runs by them is held no longer'
  if (session.format === 'table')
    session.io.stdout.write(`the edits of job ${shortJob(job)} ${said}\n${receiptLine(receipt, options.confirm)}`)
  else printData(session.io, session.format, { job, word, keys: [...keys], receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}
