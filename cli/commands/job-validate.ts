// `job validate`: checks a job file without any peer. Every fault at once, each with its place; exit code 1 when there is one.

import type { Command } from 'commander'
import { jobId } from '../../crdt/ids.ts'
import { type Cli, local, outputOption } from '../command.ts'
import { fromSpec } from '../job-file/from-spec.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { loadJobFiles } from '../job/job-from-file.ts'
import { type OutputFormat, printData } from '../print.ts'

export function addJobValidate(parent: Command, cli: Cli): Command {
  const command = parent
    .command('validate')
    .description('check a job file (no peer is needed)')
    .argument('<file>', 'job file (YAML or JSON); - reads standard input')
    .addOption(outputOption())
  return local<{ output: OutputFormat }>(cli, command, async ({ args: [file = ''], options }) => {
    const { patterns, specs } = await loadJobFiles(cli.io, file, samples)
    for (const spec of specs) {
      if (options.output !== 'table') printData(cli.io, options.output, fromSpec(spec, { complete: true }))
      else cli.io.stdout.write(`${file} is valid: job ${jobId(spec.namespace, spec.name)} for ${poolWords(spec, patterns)}\n`)
    }
  })
}

/** Without a peer nobody knows the pools: one stands for each pattern, so that every override is looked at. */
async function samples(patterns: readonly string[]): Promise<readonly string[]> {
  return [...new Set(patterns.map((pattern) => pattern.replaceAll('*', 'x')))]
}

function poolWords({ pool, groups }: JobSpec, patterns: readonly string[] | null): string {
  const copies = groups.reduce((sum, group) => sum + group.count, 0)
  const isSample = patterns !== null && !patterns.includes(pool)
  return `${isSample ? 'pools such as' : 'pool'} ${pool}, ${copies} wanted`
}
