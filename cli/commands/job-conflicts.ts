// `job conflicts`: fields to which two sides gave different values at the same time, what is in force, and what lost.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { parseJob } from '../job/job-ref.ts'
import { printReply } from '../print.ts'
import { conflictTable } from '../render/jobs.ts'

export function addJobConflicts(parent: Command, cli: Cli): Command {
  const command = parent
    .command('conflicts')
    .description('list fields that two sides changed at the same time, and how to settle them')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
  return remote(cli, command, async (session, { args: [name = ''] }) => {
    const reply = await session.ask('job', { method: 'job.status', job: parseJob(name) })
    printReply(session, reply, ({ job }, paint) => conflictTable(job, paint))
  })
}
