// `job history`: who changed what and when, newest first. Times are what the authors' clocks said.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { parseJob } from '../job/job-ref.ts'
import { printReply } from '../print.ts'
import { historyText } from '../render/jobs.ts'
import type { Session } from '../peers/session.ts'

export function addJobHistory(parent: Command, cli: Cli): Command {
  const command = parent.command('history').description('show who changed a job, when and how').argument('<job>', 'NAME or NAMESPACE/NAME')
  return remote(cli, command, async (session, { args: [name = ''] }) => {
    const reply = await session.ask('history', { method: 'job.history', job: parseJob(name) })
    const names = session.format === 'table' ? await namesOf(session) : new Map<string, string>()
    printReply(session, reply, ({ changes }, paint) => historyText(changes, names, paint))
  })
}

/** Of keys, revoked ones too. */
export async function namesOf(session: Session): Promise<ReadonlyMap<string, string>> {
  const { operators } = await session.ask('fleet', { method: 'fleet.status' })
  return new Map(operators.filter((one) => one.name !== '').map((one) => [one.id, one.name]))
}
