// `alloc restart` and `alloc stop`: wishes about one copy, written into the job's document. Restart raises a number that the copy's
// node carries out in place; stop names the generation that shall go, and the slot is placed anew.

import type { Command } from 'commander'
import type { AllocDetail } from '../../crdt/api-jobs.ts'
import { restartPath, stopGenerationPath } from '../../crdt/documents/job.ts'
import { type SlotId, slotParts } from '../../crdt/ids.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editJob } from '../job/job-edit.ts'
import { shortJob } from '../job/job-ref.ts'
import { printData } from '../print.ts'
import { isOver, slotText } from '../render/allocs.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe, shortId } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

export function addAllocRestart(parent: Command, cli: Cli): Command {
  const command = allocCommand(parent, 'restart', 'restart the tasks of an allocation where it is')
  return remote<WriteOptions>(cli, command, (session, { args: [alloc = ''], options }) => wish(session, alloc, 'restart', options))
}

export function addAllocStop(parent: Command, cli: Cli): Command {
  const command = allocCommand(parent, 'stop', 'stop an allocation; its slot is placed anew')
  return remote<WriteOptions>(cli, command, (session, { args: [alloc = ''], options }) => wish(session, alloc, 'stop', options))
}

function allocCommand(parent: Command, word: string, description: string): Command {
  return confirmOptions(parent.command(word).description(description).argument('<alloc>', 'unique prefix of the id'))
}

async function wish(session: Session, name: string, what: 'restart' | 'stop', options: WriteOptions): Promise<ExitCode> {
  const { alloc, coverage } = await session.ask('alloc', { method: 'alloc.status', alloc: name })
  mustBeThere(alloc)
  if (what === 'stop') mustBeNoCanary(alloc)
  const { job, group, index, node } = slotParts(alloc.slot as SlotId)
  const place = node ?? index
  const edit = await editJob(session, job, ({ registers }) => {
    const path = what === 'stop' ? stopGenerationPath(group, place) : restartPath(group, place)
    const found = registers.get(path)
    const before = typeof found === 'number' ? found : 0
    // Every generation up to the number is stopped: a lower one would let a copy live on that was to stop.
    return new Map([[path, what === 'stop' ? Math.max(before, alloc.generation) : before + 1]])
  })
  const receipt = await submit(session, await settlingEnvelopes(session, edit, coverage.pool), coverage.pool, options)
  if (session.format === 'table') session.io.stdout.write(`${sentence(alloc, what)}\n${receiptLine(receipt, options.confirm)}`)
  else printData(session.io, session.format, { alloc: alloc.alloc, slot: alloc.slot, wish: what, receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** A wish names the slot: made for a copy that has ended or is about to, it would hit the one that runs in its place. */
function mustBeThere(alloc: AllocDetail): void {
  if (!isOver(alloc) && alloc.state !== 'stopping') return
  const why = alloc.reason === '' ? '' : ` (${safe(alloc.reason)})`
  throw new CliError('E_ALLOC_ENDED', `${copyText(alloc)} is ${alloc.state}${why}; nothing was changed`, {
    hint: '`shoal alloc status` lists the copies that run',
  })
}

/** Generations are counted over the whole slot: the copy beside which it runs has a lower one, and would stop, too. */
function mustBeNoCanary(alloc: AllocDetail): void {
  if (alloc.canary !== true) return
  const job = shortJob(slotParts(alloc.slot as SlotId).job)
  throw new CliError('E_CANARIES', `${copyText(alloc)} is a canary, and is stopped along with its version; nothing was changed`, {
    hint: `shoal job revert ${job} --last, or job promote ${job}`,
  })
}

function copyText(alloc: AllocDetail): string {
  return `${slotText(alloc.slot)} (${shortId(alloc.alloc)} on ${safe(alloc.nodeName)})`
}

function sentence(alloc: AllocDetail, what: 'restart' | 'stop'): string {
  const copy = copyText(alloc)
  return what === 'restart' ? `${copy} is to restart its tasks` : `${copy} is to stop; its slot is placed anew`
}
