// `version`: this program's version and what it runs on. It asks no peer; `node status` shows the agents' versions.

import type { Command } from 'commander'
import { type Cli, local, outputOption } from '../command.ts'
import { type OutputFormat, printData } from '../print.ts'
import { version } from '../version.ts'

export function addVersion(parent: Command, cli: Cli): Command {
  const command = parent.command('version').description('print the version').addOption(outputOption())
  return local<{ output: OutputFormat }>(cli, command, async ({ options }) => {
    if (options.output === 'table') cli.io.stdout.write(`shoal ${version}\n`)
    else printData(cli.io, options.output, { version, node: process.version, platform: process.platform, arch: process.arch })
  })
}
