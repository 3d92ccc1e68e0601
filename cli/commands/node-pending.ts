// `node pending`: boards that wait to be admitted, at whatever board of the fleet, and those beyond their token's count. `node admit` and
// `node reject` are the word that ends it. A board is named by the code that its own people read from it, by its name, or by its id.

import type { Command } from 'commander'
import type { PendingRow } from '../../crdt/api-types.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import type { NodeId } from '../../crdt/ids.ts'
import { admitNode } from '../admit-node.ts'
import { type Cli, type WriteOptions, confirmOptions, remote } from '../command.ts'
import { CliError, codeOf } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { printData, printReply } from '../print.ts'
import { pendingTable } from '../render/pending.ts'
import { receiptLine } from '../render/receipt.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../session.ts'
import type { Receipt } from '../submit.ts'
import { type NamedNode, writeWish } from '../wish-about-node.ts'

export function addNodePending(parent: Command, cli: Cli): void {
  remote(cli, parent.command('pending').description('list the boards that wait to be admitted'), async (session) => {
    printReply(session, await session.ask('pending', { method: 'node.pending' }), pendingTable)
  })
}

export function addNodeAdmit(parent: Command, cli: Cli): void {
  const command = confirmOptions(parent.command('admit').description('make a board a member, for good')).argument('<node>', named)
  remote<WriteOptions>(cli, command, async (session, { args: [text = ''], options }) => {
    const node = (await findPending(session, text)) ?? (await findKnown(session, text))
    if (node.name === text) await mustBeOnlyOne(session, node)
    return told(session, node, 'is admitted', { admitted: node.pool }, await admitNode(session, node, options), options)
  })
}

export function addNodeReject(parent: Command, cli: Cli): void {
  const command = confirmOptions(parent.command('reject').description('send a board away that waits to be admitted')).argument(
    '<node>',
    named,
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

const named = 'its code (k7qd-m2xw-9zpt), name, or how its id begins'

interface Pending extends NamedNode {
  readonly reason: PendingRow['reason']
}

const isCode = /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/

/** null: none is called so. */
async function findPending(session: Session, text: string): Promise<Pending | null> {
  const { boards } = await session.ask('pending', { method: 'node.pending' })
  const isCalled = ({ id, code, name }: PendingRow): boolean =>
    // Names are what strangers say: none may pass for another board's code.
    isCode.test(text)
      ? code === text
      : name === text || (text.length >= 4 && (id.startsWith(text) || id.slice('12D3KooW'.length).startsWith(text)))
  const [found, ...others] = text === '' ? [] : boards.filter(isCalled)
  if (found === undefined) return null
  if (others.length > 0) {
    const details = [found, ...others].map(({ name, code, id }) => `${name}  ${code}  ${id}`)
    throw new CliError('E_AMBIGUOUS', `'${text}' fits ${details.length} boards that wait`, { details, hint: 'give its code' })
  }
  return { id: found.id as NodeId, name: found.name || found.id, pool: found.pool, reason: found.reason }
}

/** A stranger may say the name of a board that is away. */
async function mustBeOnlyOne(session: Session, { id, name }: NamedNode): Promise<void> {
  const known = await findKnown(session, name).catch(() => null)
  if (known === null || known.id === id) return
  const details = [`${name}  ${id}`, `${known.name}  ${known.id}`]
  throw new CliError('E_AMBIGUOUS', `a board that waits says that it is '${name}', and another one is called so`, {
    details,
    hint: 'give the code or the id',
  })
}

/** One that is not connected now, or is a member anyhow. */
async function findKnown(session: Session, text: string): Promise<NamedNode> {
  try {
    const { node } = await session.ask('node', { method: 'node.status', node: text })
    return { id: node.id as NodeId, name: node.name, pool: node.pool }
  } catch (error) {
    if (codeOf(error) !== 'E_NODE_UNKNOWN' && !(error instanceof CliError && error.code === 'E_NODE_UNKNOWN')) throw error
    throw new CliError('E_NODE_UNKNOWN', `no board called '${text}' waits to be admitted, and none is known`, {
      hint: 'shoal node pending',
    })
  }
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
