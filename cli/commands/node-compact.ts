// `node compact`: drops the history of the operators' wishes about a node. The node's own document is its own affair.

import type { Command } from 'commander'
import { type NodeId, opsDocId } from '../../crdt/ids.ts'
import type { Cli } from '../command.ts'
import { compactCommand } from '../documents/compaction.ts'
import { safe } from '../render/words.ts'

export function addNodeCompact(parent: Command, cli: Cli): Command {
  const command = parent
    .command('compact')
    .description("drop the history of the operators' wishes about a node, once every node has recorded the same one")
    .argument('<node>', 'name, or unique prefix of the id')
  return compactCommand(cli, command, async (session, name) => {
    const { node } = await session.ask('node', { method: 'node.status', node: name })
    const said = safe(node.name)
    return {
      id: opsDocId(node.id as NodeId),
      pool: node.pool,
      words: `what operators wish of node ${said}`,
      conflictHint: `say again what shall hold: shoal node drain, eligibility or evict ${said}`,
      check: () => undefined,
    }
  })
}
