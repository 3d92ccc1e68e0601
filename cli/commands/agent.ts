// `agent`: hands over to the node's own program, which is loaded only now: no other command pays for it. Its options are its own.

import type { Command } from 'commander'
import { type Cli } from '../command.ts'
import { devArguments } from '../fleet/dev-fleet.ts'
import type { ExitCode } from '../exit-codes.ts'

export function addAgent(parent: Command, cli: Cli): Command {
  return parent
    .command('agent')
    .description('run a node on this board (see: shoal agent --help)')
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .action(async () => {
      const { runAgent } = await import('../../node/main.ts')
      // As they stand on the command line: commander would put unknown options behind the rest.
      cli.exitCode = (await runAgent(await devArguments(cli.io, cli.argv.slice(1)))) as ExitCode
    })
}
