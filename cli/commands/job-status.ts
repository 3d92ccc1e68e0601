// `job status`: all jobs, or one with its allocations; `--who`: which boards have what this one has of it.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import { parseJob } from '../job/job-ref.ts'
import { printReply } from '../print.ts'
import { jobDetail, jobTable } from '../render/jobs.ts'
import { holdingTable } from '../render/receipt.ts'
import { whoHas } from '../job/who-has.ts'

interface StatusOptions {
  readonly who?: boolean
}

export function addJobStatus(parent: Command, cli: Cli): Command {
  const command = parent
    .command('status')
    .description('list the jobs, or show one')
    .argument('[job]', 'NAME or NAMESPACE/NAME')
    .option('--who', 'show which boards have the job as it is, which have not, and since when they are silent')
  return remote<StatusOptions>(cli, command, async (session, { args: [name], options: { who = false } }) => {
    if (name === undefined) {
      if (who) throw new CliError('E_USAGE', '--who needs a job', { hint: 'shoal job status JOB --who' })
      printReply(session, await session.ask('jobs', { method: 'job.list' }), (reply, paint) => jobTable(reply.jobs, paint))
      return
    }
    const job = parseJob(name)
    if (who) return printReply(session, await whoHas(session, job), holdingTable)
    const reply = await session.ask('job', { method: 'job.status', job })
    printReply(session, reply, (answer, paint) => jobDetail(answer.job, paint))
  })
}
