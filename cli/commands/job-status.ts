// `job status`: all jobs, or one with its allocations.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { parseJob } from '../job-ref.ts'
import { printReply } from '../print.ts'
import { jobDetail, jobTable } from '../render/jobs.ts'

export function addJobStatus(parent: Command, cli: Cli): Command {
  const command = parent.command('status').description('list the jobs, or show one').argument('[job]', 'NAME or NAMESPACE/NAME')
  return remote(cli, command, async (session, { args: [name] }) => {
    if (name === undefined) {
      printReply(session, await session.ask('jobs', { method: 'job.list' }), (reply, paint) => jobTable(reply.jobs, paint))
      return
    }
    const reply = await session.ask('job', { method: 'job.status', job: parseJob(name) })
    printReply(session, reply, ({ job }, paint) => jobDetail(job, paint))
  })
}
