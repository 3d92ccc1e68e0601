// What commands share that write a wish about a node into its ops document.

import type { Command } from 'commander'
import type { Doc } from '../../crdt/doc.ts'
import { type NodeId, opsDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { type WriteOptions, confirmOptions } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { type Edit, editDocument } from '../job/job-edit.ts'
import { printData } from '../print.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import { settlingEnvelopes } from '../documents/resend.ts'
import type { Session } from '../peers/session.ts'
import { type ConfirmOptions, type Receipt, submit } from '../documents/submit.ts'

export interface WishAbout {
  /** Path → value, null for none any more. */
  readonly changes: (doc: Doc) => ReadonlyMap<string, Scalar | null>
  /** What is so from then on: `NODE is draining`. */
  readonly words: string
  /** The same as data. */
  readonly told: Readonly<Record<string, unknown>>
}

export function nodeCommand(parent: Command, word: string, description: string): Command {
  return confirmOptions(parent.command(word).description(description).argument('<node>', 'name, or unique prefix of the id'))
}

export interface NamedNode {
  readonly id: NodeId
  readonly name: string
  readonly pool: string
}

export async function wishAbout(
  session: Session,
  name: string,
  { changes, words, told }: WishAbout,
  options: WriteOptions,
): Promise<ExitCode> {
  const { node } = await session.ask('node', { method: 'node.status', node: name })
  const { edit, receipt } = await writeWish(session, { ...node, id: node.id as NodeId }, changes, options)
  if (receipt === null) {
    if (session.format === 'table') session.io.stdout.write(`nothing was ever wished about node ${safe(node.name)}\n`)
    else printData(session.io, session.format, { node: node.id, ...told, receipt: null })
    return exitCodes.done
  }
  if (session.format === 'table') {
    const already = edit.envelopes.length === 0 ? ' already' : ''
    session.io.stdout.write(`node ${safe(node.name)} ${words}${already}\n${receiptLine(receipt, options.confirm)}`)
  } else printData(session.io, session.format, { node: node.id, ...told, receipt })
  return receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}

/** `receipt`: null if there was nothing to write and nothing to send again: only what nobody gave was to be taken back. */
export async function writeWish(
  session: Session,
  { id, pool }: NamedNode,
  changes: WishAbout['changes'],
  options: ConfirmOptions,
): Promise<{ readonly edit: Edit; readonly receipt: Receipt | null }> {
  const edit = await editDocument(session, opsDocId(id), pool, changes)
  if (edit.envelopes.length === 0 && edit.before.changeCount === 0) return { edit, receipt: null }
  // The first wish about a node that says what is so anyhow is still written: it is a wish, and later defaults may differ.
  return { edit, receipt: await submit(session, await settlingEnvelopes(session, edit, pool), pool, options) }
}
