// `node forgive`: the board that is asked ends its ban of another. Each board judges for itself, so this is said to one with --peer.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { printReply } from '../print.ts'
import { nameOfBanned } from '../render/bans.ts'
import { safe } from '../render/words.ts'

export function addNodeForgive(parent: Command, cli: Cli): void {
  const command = parent
    .command('forgive')
    .description('end the ban that the board which is asked (--peer) has put on a node')
    .argument('<node>', 'name, or unique prefix of the id')
  remote(cli, command, async (session, { args: [node = ''] }) => {
    const reply = await session.ask('forgiven', { method: 'node.forgive', node })
    printReply(session, reply, ({ ban, coverage }) => `${safe(coverage.nodeName)} talks with ${nameOfBanned(ban)} again\n`)
  })
}
