// The boards of all pools that are not evicted. Pools are asked one after the other, each by way of whoever of it can be reached.

import type { NodeRow } from '../../crdt/api-nodes.ts'
import { CliError } from '../errors.ts'
import type { Session } from '../peers/session.ts'

/** `onSilent` is told of pools of which nobody answers; without it that is an error. */
export async function allBoards(session: Session, onSilent?: (pool: string) => void): Promise<readonly NodeRow[]> {
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const boards: NodeRow[] = []
  for (const { pool } of pools) {
    try {
      boards.push(...(await session.ask('nodes', { method: 'node.list' }, { pool })).nodes)
    } catch (error) {
      if (onSilent === undefined || !(error instanceof CliError && silent.has(error.code))) throw error
      onSilent(pool)
    }
  }
  return boards.filter(({ evicted }) => !evicted)
}

const silent: ReadonlySet<string> = new Set(['E_POOL_UNREACHABLE', 'E_TIMEOUT', 'E_FORWARD'])
