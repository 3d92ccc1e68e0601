// Which documents there are in all pools that can be asked: those that operators write, the fleet's own first, since the others hold by it;
// and boards' own.

import type { NodeRow } from '../../crdt/api-nodes.ts'
import { type DocId, type NodeId, fleetDocId, nodeDocId } from '../../crdt/ids.ts'
import { codeOf } from '../errors.ts'
import type { Session } from '../peers/session.ts'

export interface OperatorsDocs {
  /** `pool`: whom to ask for it; undefined: any peer. */
  readonly documents: readonly { readonly id: DocId; readonly pool: string | undefined }[]
  /** Pools that nobody could be asked about. */
  readonly silent: readonly string[]
}

/** Of one pool, or of all; a pool that was asked for by name has to answer. */
export async function operatorsDocs(session: Session, only: string | undefined): Promise<OperatorsDocs> {
  const documents: OperatorsDocs['documents'][number][] = [{ id: fleetDocId, pool: undefined }]
  const silent = await inEachPool(session, only, async (pool) => {
    const { docs } = await session.ask('docs', { method: 'doc.list' }, { pool })
    for (const id of docs) documents.push({ id: id as DocId, pool })
  })
  return { documents, silent }
}

export interface BoardsDocs extends OperatorsDocs {
  readonly boards: readonly NodeRow[]
}

/** What boards say of themselves. */
export async function boardsDocs(session: Session, only: string | undefined): Promise<BoardsDocs> {
  const documents: OperatorsDocs['documents'][number][] = []
  const boards: NodeRow[] = []
  const silent = await inEachPool(session, only, async (pool) => {
    const { nodes } = await session.ask('nodes', { method: 'node.list' }, { pool })
    const own = nodes.filter((node) => node.pool === pool)
    boards.push(...own)
    for (const { id } of own) documents.push({ id: nodeDocId(id as NodeId), pool })
  })
  return { documents, boards, silent }
}

/** Answers with the pools that nobody could be asked about. */
async function inEachPool(session: Session, only: string | undefined, ask: (pool: string) => Promise<void>): Promise<string[]> {
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const silent: string[] = []
  for (const pool of only === undefined ? pools.map((one) => one.pool) : [only]) {
    try {
      await ask(pool)
    } catch (error) {
      if (only !== undefined || codeOf(error) !== 'E_POOL_UNREACHABLE') throw error
      silent.push(pool)
    }
  }
  return silent
}
