// `job inspect`: the specification in force, as a job file that `job run` would take. With `--output json` the file is JSON.

import type { Command } from 'commander'
import { stringify } from 'yaml'
import type { JobSpec } from '../../crdt/spec.ts'
import { type Cli, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { fromSpec } from '../job-file/from-spec.ts'
import { parseJob } from '../job/job-ref.ts'
import { paintFor, printData } from '../print.ts'
import { coverageLine } from '../render/coverage.ts'

export function addJobInspect(parent: Command, cli: Cli): Command {
  const command = parent
    .command('inspect')
    .description('print the specification in force as a job file')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option('--complete', 'also fields that have their default')
  return remote<{ complete?: boolean }>(cli, command, async (session, { args: [name = ''], options }) => {
    const { job, coverage } = await session.ask('job', { method: 'job.status', job: parseJob(name) })
    if (job.spec === null) throw new CliError('E_JOB_NOT_VALID', `no version of ${job.id} validates`, { details: job.problems })
    const data = fromSpec(job.spec as JobSpec, { complete: options.complete === true })
    const { io, format } = session
    if (format === 'json') printData(io, 'json', data)
    else io.stdout.write(stringify(data, { lineWidth: 0 }))
    io.stderr.write(`${paintFor(io, io.stderr).dim(coverageLine(coverage))}\n`)
  })
}
