// `status`: what is going on, at a glance.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { printReply } from '../print.ts'
import { statusText } from '../render/status.ts'

export function addStatus(parent: Command, cli: Cli): Command {
  const command = parent.command('status').description('what is going on: nodes, jobs, the last events')
  return remote(cli, command, async (session) => {
    printReply(session, await session.ask('status', { method: 'status' }), statusText)
  })
}
