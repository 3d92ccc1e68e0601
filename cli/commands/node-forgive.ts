// `node forgive`: the board that is asked ends its ban of another. Each board judges for itself, so this is said to one with --peer.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { printData } from '../print.ts'
import { safe } from '../render/words.ts'

export function addNodeForgive(parent: Command, cli: Cli): void {
  const command = parent
    .command('forgive')
    .description('end the ban that the board which answers (--peer) has put on a node')
    .argument('<node>', 'name, or unique prefix of the id')
  remote(cli, command, async (session, { args: [node = ''] }) => {
    await session.ask('done', { method: 'node.forgive', node })
    const { io, format } = session
    if (format === 'table') io.stdout.write(`node ${safe(node)} is heard again there\n`)
    else printData(io, format, { node, forgiven: true })
  })
}
