// An operator's compaction: a document starts anew at its next epoch from what it says now, and its history is dropped on every
// board. A change that is not in this copy is dropped too, wherever it was made, so it is done only when every admitted board has
// recorded exactly these heads and can be heard, or by force, which lists the others. What the document says stays the same, or
// nothing is sent.

import type { Command } from 'commander'
import type { RecordedRow } from '../../crdt/api-nodes.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { Author } from '../../crdt/envelope.ts'
import { compactDoc } from '../../crdt/epoch.ts'
import { assert } from '../../crdt/errors.ts'
import type { DocId } from '../../crdt/ids.ts'
import { difference } from '../../crdt/registers.ts'
import type { Edited } from '../../crdt/replica.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { openDocument } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { plural, safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { submit } from './submit.ts'

interface CompactOptions extends WriteOptions {
  readonly force?: boolean
}

/** A document that an operator wants to compact. */
export interface Compactable {
  readonly id: DocId
  /** undefined: the pool that the operator named, or the peer's. */
  readonly pool: string | undefined
  /** What people call it: `job web`. */
  readonly words: string
  readonly conflictHint: string
  /** Throws when its kind has a reason against it. */
  readonly check: (doc: Doc) => void | Promise<void>
}

const lossWords = 'changes that they hold or have made meanwhile, and that this copy lacks, will be lost'

/** The words of a command; `find` says which document the argument means. */
export function compactCommand(cli: Cli, command: Command, find: (session: Session, name: string) => Promise<Compactable>): Command {
  confirmOptions(command).option('--force', `go on without the nodes that have not recorded the same heads: ${lossWords}`)
  return remote<CompactOptions>(cli, command, async (session, { args: [name = ''], options }) =>
    compact(session, await find(session, name), options),
  )
}

async function compact(session: Session, what: Compactable, options: CompactOptions): Promise<ExitCode> {
  const { author, before } = await openDocument(session, what.id, what.pool)
  await what.check(before)
  if (before.envelopes.length < 2) return sayNothingToDo(session, what, before)
  mustAgree(what, before)
  const behind = await behindOf(session, before)
  if (behind.length > 0) mustForce(session, what, behind, options)
  const { doc: after, envelopes } = startedAnew(session, what, author, before)
  const receipt = await submit(session, envelopes, before.pool, options)
  if (session.format === 'table') {
    session.io.stdout.write(`${what.words} is compacted: ${sizeText(before)} → ${sizeText(after)}, epoch ${after.epoch}\n`)
    session.io.stdout.write(receiptLine(receipt, options.confirm))
  } else printData(session.io, session.format, { doc: before.id, before: sizeOf(before), after: sizeOf(after), behind, receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** What one of several values lost would be gone for good, and nobody would have decided it. */
function mustAgree({ words, conflictHint }: Compactable, { conflicts }: Doc): void {
  if (conflicts.size === 0) return
  throw new CliError('E_CONFLICTS', `${words} has ${plural(conflicts.size, 'field')} in conflict; compacting it would drop what lost`, {
    hint: conflictHint,
  })
}

interface Behind extends RecordedRow {
  readonly reason: string
}

/** Nodes that may hold something else. What a silent one recorded says nothing of what it took since. */
async function behindOf(session: Session, doc: Doc): Promise<readonly Behind[]> {
  const { nodes } = await session.ask('receipts', { method: 'doc.receipts', doc: doc.id }, { pool: doc.pool })
  return nodes.flatMap((row) => {
    const recorded = row.digest === null ? 'has recorded nothing of it' : 'has recorded other heads'
    if (row.liveness !== 'alive')
      return [{ ...row, reason: `${row.liveness}, ${row.digest === doc.digest ? 'has recorded these heads before' : recorded}` }]
    return row.digest === doc.digest ? [] : [{ ...row, reason: recorded }]
  })
}

function mustForce({ io }: Session, { words }: Compactable, behind: readonly Behind[], options: CompactOptions): void {
  const lines = behind.map(({ name, node, reason }) => `  ${safe(name === '' ? node : name)}: ${reason}`)
  const who = `${plural(behind.length, 'node')} ${behind.length === 1 ? 'is' : 'are'} not known to have the same heads of ${words}`
  if (options.force === true) {
    io.stderr.write(`${who}:\n${lines.join('\n')}\ngoing on by force: ${lossWords}\n`)
    return
  }
  throw new CliError('E_NOT_RECORDED', `${who}; nothing was changed`, {
    details: lines,
    hint: `wait until they are back and have it, evict boards that are gone for good, or --force: ${lossWords}`,
  })
}

function startedAnew(session: Session, { words }: Compactable, author: Author, before: Doc): Edited {
  const { crypto, now } = session.io
  const anew = compactDoc(crypto, before, author, before.registers, Math.floor(now() / 1000))
  assert(difference(before.registers, anew.doc.registers).size === 0, 'a compacted document says what it said')
  assert(anew.doc.epoch === before.epoch + 1 && anew.doc.base === before.base + before.changeCount, 'its version rises above all known')
  // Boards take envelope by envelope, and would act on the first part of a document that came in two.
  if (anew.envelopes.length === 1) return anew
  throw new CliError('E_SIZE', `${words} is too large to be told in one signed change, so it cannot be compacted`)
}

/** Bytes of signed changes: what every board keeps, and a board that joins is sent. */
function sizeOf({ epoch, changeCount, envelopes }: Doc): { epoch: number; changes: number; bytes: number } {
  return { epoch, changes: changeCount, bytes: envelopes.reduce((sum, one) => sum + one.bytes, 0) }
}

function sizeText(doc: Doc): string {
  const { changes, bytes } = sizeOf(doc)
  return `${plural(changes, 'change')} of ${plural(bytes, 'byte')}`
}

function sayNothingToDo({ io, format }: Session, { words }: Compactable, doc: Doc): ExitCode {
  if (format === 'table') io.stdout.write(`${words}: nothing to do, its history is ${plural(doc.envelopes.length, 'edit')} long\n`)
  else printData(io, format, { doc: doc.id, before: sizeOf(doc), after: sizeOf(doc), behind: [], receipt: null })
  return exitCodes.done
}
