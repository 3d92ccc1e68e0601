// Names of a pool's nodes, for answers that speak of nodes by id.

import type { Session } from '../peers/session.ts'

export async function nodeNames(session: Session, pool?: string): Promise<ReadonlyMap<string, string>> {
  const { nodes } = await session.ask('nodes', { method: 'node.list' }, pool === undefined ? {} : { pool })
  return new Map(nodes.map((node) => [node.id, node.name]))
}
