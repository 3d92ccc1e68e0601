// The boards that came with a token, as their pool sees them. One that left has given its seat back.

import type { NodeRow } from '../../crdt/api-nodes.ts'
import type { TokenTerms } from '../../crdt/documents/fleet.ts'
import { CliError } from '../errors.ts'
import type { Session } from '../peers/session.ts'

/** null: nobody of its pool answers. */
export async function boardsOf(session: Session, { id, pool }: Pick<TokenTerms, 'id' | 'pool'>): Promise<readonly NodeRow[] | null> {
  try {
    const { nodes } = await session.ask('nodes', { method: 'node.list' }, { pool })
    return nodes.filter(({ token, liveness }) => token === id && liveness !== 'left')
  } catch (error) {
    if (error instanceof CliError && error.code === 'E_POOL_UNREACHABLE') return null
    throw error
  }
}
