// `job explain`: why each copy is where it is, or why it is nowhere.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { parseJob } from '../job/job-ref.ts'
import { printReply } from '../print.ts'
import { explainText } from '../render/explain.ts'

export function addJobExplain(parent: Command, cli: Cli): Command {
  const command = parent
    .command('explain')
    .description('show for every copy who holds it and what speaks for or against each node')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
  return remote(cli, command, async (session, { args: [name = ''] }) => {
    const reply = await session.ask('explain', { method: 'job.explain', job: parseJob(name) })
    printReply(session, reply, explainText)
  })
}
