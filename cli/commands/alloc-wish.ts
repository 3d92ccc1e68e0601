// `alloc restart` and `alloc stop`: wishes about one copy, written into the job's document. Restart raises a number that the copy's
// node carries out in place; stop names the generation that shall go, and the slot is placed anew.

import type { Command } from 'commander'
import type { AllocDetail } from '../../crdt/api-types.ts'
import { restartPath, stopGenerationPath } from '../../crdt/documents/job.ts'
import { type SlotId, slotParts } from '../../crdt/ids.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { editJob } from '../job-edit.ts'
import { printData } from '../print.ts'
import { slotText } from '../render/allocs.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe, shortId } from '../render/words.ts'
import { settlingEnvelopes } from '../resend.ts'
import type { Session } from '../session.ts'
import { submit } from '../submit.ts'

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
  const { job, group, index } = slotParts(alloc.slot as SlotId)
  const edit = await editJob(session, job, ({ registers }) => {
    if (what === 'stop') return new Map([[stopGenerationPath(group, index), alloc.generation]])
    const path = restartPath(group, index)
    const before = registers.get(path)
    return new Map([[path, (typeof before === 'number' ? before : 0) + 1]])
  })
  const receipt = await submit(session, await settlingEnvelopes(session, edit, coverage.pool), coverage.pool, options)
  if (session.format === 'table') session.io.stdout.write(`${sentence(alloc, what)}\n${receiptLine(receipt, options.confirm)}`)
  else printData(session.io, session.format, { alloc: alloc.alloc, slot: alloc.slot, wish: what, receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

function sentence(alloc: AllocDetail, what: 'restart' | 'stop'): string {
  const copy = `${slotText(alloc.slot)} (${shortId(alloc.alloc)} on ${safe(alloc.nodeName)})`
  return what === 'restart' ? `${copy} is to restart its tasks` : `${copy} is to stop; its slot is placed anew`
}
