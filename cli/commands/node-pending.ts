// `node pending`: boards that wait to be admitted, at whatever board of the fleet, and those beyond their token's count. `node admit` and
// `node reject` are the word that ends it. A board is named by the code that its own people read from it, by its name, or by its id.

import type { Command } from 'commander'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { admitNode } from '../boards/admit-node.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { boardNamed, findBoard, findPending } from '../boards/find-board.ts'
import { printData, printReply } from '../print.ts'
import { pendingTable } from '../render/pending.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import type { Receipt } from '../documents/submit.ts'
import { type NamedNode, writeWish } from '../boards/wish-about-node.ts'

export function addNodePending(parent: Command, cli: Cli): void {
  remote(cli, parent.command('pending').description('list the boards that wait to be admitted'), async (session) => {
    printReply(session, await session.ask('pending', { method: 'node.pending' }), pendingTable)
  })
}

export function addNodeAdmit(parent: Command, cli: Cli): void {
  const command = confirmOptions(parent.command('admit').description('make a board a member, for good')).argument('<node>', boardNamed)
  remote<WriteOptions>(cli, command, async (session, { args: [text = ''], options }) => {
    const node = await findBoard(session, text)
    return told(session, node, 'is admitted', { admitted: node.pool }, await admitNode(session, node, options), options)
  })
}

export function addNodeReject(parent: Command, cli: Cli): void {
  const command = confirmOptions(parent.command('reject').description('send a board away that waits to be admitted')).argument(
    '<node>',
    boardNamed,
  )
  remote<WriteOptions>(cli, command, async (session, { args: [text = ''], options }) => {
    const node = await findPending(session, text)
    if (node === null || node.reason === 'surplus') {
      const hint = 'shoal node pending lists those that do; one that is in the fleet goes with: shoal node evict'
      throw new CliError('E_NODE_UNKNOWN', `no board called '${text}' waits to be admitted`, { hint })
    }
    const { receipt } = await writeWish(session, node, () => new Map([[opsPaths.evicted, true]]), options)
    return told(session, node, 'is rejected', { evicted: true }, receipt, options)
  })
}

function told(
  session: Session,
  { id, name }: NamedNode,
  words: string,
  data: Readonly<Record<string, unknown>>,
  receipt: Receipt | null,
  options: WriteOptions,
): ExitCode {
  const { io, format } = session
  if (format !== 'table') printData(io, format, { node: id, ...data, receipt })
  else io.stdout.write(`node ${safe(name)} ${words}\n${receipt === null ? '' : receiptLine(receipt, options.confirm)}`)
  return receipt === null || receipt.confirmed ? exitCodes.done : exitCodes.notConfirmed
}
