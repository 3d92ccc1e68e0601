// `job validate`: checks a job file without any peer. Every fault at once, each with its place; exit code 1 when there is one.

import type { Command } from 'commander'
import { jobId } from '../../crdt/ids.ts'
import { type Cli, local, outputOption } from '../command.ts'
import { fromSpec } from '../job-file/from-spec.ts'
import { loadJobFile } from '../job/job-from-file.ts'
import { type OutputFormat, printData } from '../print.ts'

export function addJobValidate(parent: Command, cli: Cli): Command {
  const command = parent
    .command('validate')
    .description('check a job file (no peer is needed)')
    .argument('<file>', 'job file (YAML or JSON); - reads standard input')
    .addOption(outputOption())
  return local<{ output: OutputFormat }>(cli, command, async ({ args: [file = ''], options }) => {
    const spec = await loadJobFile(cli.io, file)
    if (options.output !== 'table') return printData(cli.io, options.output, fromSpec(spec, { complete: true }))
    const copies = spec.groups.reduce((sum, group) => sum + group.count, 0)
    cli.io.stdout.write(`${file} is valid: job ${jobId(spec.namespace, spec.name)} for pool ${spec.pool}, ${copies} wanted\n`)
  })
}
