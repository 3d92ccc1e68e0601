// `fleet status`: the fleet, its pools and its operators.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { printReply } from '../print.ts'
import { fleetText } from '../render/status.ts'

export function addFleetStatus(parent: Command, cli: Cli): Command {
  const command = parent.command('status').description('show the fleet, its pools and its operators')
  return remote(cli, command, async (session) => {
    printReply(session, await session.ask('fleet', { method: 'fleet.status' }), fleetText)
  })
}
