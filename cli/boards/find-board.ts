// A board by what people call it: the code that its own people read from it while it waits, its name, or how its id begins. Boards that
// wait come first; names are what strangers say, so none may pass for another board.

import type { PendingRow } from '../../crdt/api-nodes.ts'
import type { NodeId } from '../../crdt/ids.ts'
import { CliError, codeOf } from '../errors.ts'
import type { Session } from '../peers/session.ts'
import type { NamedNode } from './wish-about-node.ts'

export const boardNamed = 'its code (k7qd-m2xw-9zpt), name, or how its id begins'

export interface Pending extends NamedNode {
  readonly reason: PendingRow['reason']
}

/** One that waits, or that is known. */
export async function findBoard(session: Session, text: string): Promise<NamedNode> {
  const node = (await findPending(session, text)) ?? (await findKnown(session, text))
  if (node.name === text) await mustBeOnlyOne(session, node)
  return node
}

const isCode = /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/

/** null: none is called so. */
export async function findPending(session: Session, text: string): Promise<Pending | null> {
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
    if (codeOf(error) !== 'E_NODE_UNKNOWN') throw error
    throw new CliError('E_NODE_UNKNOWN', `no board called '${text}' waits to be admitted, and none is known`, {
      hint: 'shoal node pending',
    })
  }
}
