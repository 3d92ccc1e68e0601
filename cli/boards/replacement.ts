// The board that is to take the place of another: it waits, or it is a member of the same pool. What speaks against it is said before
// anything is written.

import type { NodeDetail, NodeRow } from '../../crdt/api-nodes.ts'
import type { NodeId } from '../../crdt/ids.ts'
import { allBoards } from './all-boards.ts'
import { CliError, codeOf } from '../errors.ts'
import { findBoard } from './find-board.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import type { NamedNode } from './wish-about-node.ts'

export async function findReplacement(session: Session, text: string, old: NodeDetail): Promise<NamedNode> {
  const found = await findAnywhere(session, text)
  const node = `node ${safe(found.name)}`
  if (found.id === old.id)
    throw unfit(`${node} is the board that is to be replaced`, 'name a board by its id if two have one name, or if this was done already')
  if (found.pool !== old.pool) throw otherPool(found, old)
  const row = await rowOf(session, found)
  if (row?.evicted === true)
    throw unfit(
      `${node} is ${row.replacedBy === undefined ? 'evicted' : 'replaced itself'}`,
      row.replacedBy === undefined ? 'admit it first: shoal node admit' : 'take another board',
    )
  if (row?.liveness === 'left') throw unfit(`${node} has left the fleet`, 'let it join as a new board: shoal agent --rejoin')
  if (row?.draining === true) throw unfit(`${node} drains, so it would take no copies`, 'shoal node drain --disable')
  if (row?.clones !== undefined) throw unfit(`two machines run with the key of ${node}`, 'shoal node evict NODE --clone ID')
  return found
}

function unfit(words: string, hint: string): CliError {
  return new CliError('E_REPLACEMENT', `${words}: nothing was changed`, { hint })
}

/** A board changes its pool by starting anew: certificate, documents and copies are the pool's. */
function otherPool({ name, pool }: NamedNode, old: NodeDetail): CliError {
  return unfit(
    `node ${safe(name)} is in pool ${pool}, and node ${safe(old.name)} in ${old.pool}`,
    `start the agent there with an empty data directory and pool: ${old.pool} in its configuration; then repeat this`,
  )
}

/** Boards of other pools are looked for last: it is to be said that they are there. */
async function findAnywhere(session: Session, text: string): Promise<NamedNode> {
  try {
    return await findBoard(session, text)
  } catch (error) {
    if (codeOf(error) !== 'E_NODE_UNKNOWN' || text === '') throw error
    const isCalled = ({ id, name }: NodeRow): boolean =>
      name === text || id.startsWith(text) || id.slice('12D3KooW'.length).startsWith(text)
    const elsewhere = (await allBoards(session, () => undefined)).find(isCalled)
    if (elsewhere === undefined) throw error
    return { ...elsewhere, id: elsewhere.id as NodeId }
  }
}

/** undefined: it only waits, and is in no document. */
async function rowOf(session: Session, { id, pool }: NamedNode): Promise<NodeRow | undefined> {
  const { nodes } = await session.ask('nodes', { method: 'node.list' }, { pool })
  return nodes.find((row) => row.id === id)
}
