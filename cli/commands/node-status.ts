// `node status`: all nodes of the pool, or one. A node is named by its name or by a unique prefix of its id.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { printReply } from '../print.ts'
import { nodeDetail, nodeTable } from '../render/nodes.ts'

export function addNodeStatus(parent: Command, cli: Cli): Command {
  const command = parent.command('status').description('list the nodes, or show one').argument('[node]', 'name, or unique prefix of the id')
  return remote(cli, command, async (session, { args: [node] }) => {
    if (node === undefined) {
      printReply(session, await session.ask('nodes', { method: 'node.list' }), ({ nodes }, paint) => nodeTable(nodes, paint))
      return
    }
    const reply = await session.ask('node', { method: 'node.status', node })
    printReply(session, reply, ({ node: detail, coverage }, paint) => nodeDetail(detail, coverage.nodeName, paint))
  })
}
