// Which documents operators write, in all pools that can be asked: the fleet's own first, since the others hold by it.

import { type DocId, fleetDocId } from '../../crdt/ids.ts'
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
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const documents: OperatorsDocs['documents'][number][] = [{ id: fleetDocId, pool: undefined }]
  const silent: string[] = []
  for (const pool of only === undefined ? pools.map((one) => one.pool) : [only]) {
    try {
      const { docs } = await session.ask('docs', { method: 'doc.list' }, { pool })
      for (const id of docs) documents.push({ id: id as DocId, pool })
    } catch (error) {
      if (only !== undefined || codeOf(error) !== 'E_POOL_UNREACHABLE') throw error
      silent.push(pool)
    }
  }
  return { documents, silent }
}
