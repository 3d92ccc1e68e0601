// `job compact`: drops a job's history. Its copies run on, since what it says stays the same.

import type { Command } from 'commander'
import type { Doc } from '../../crdt/doc.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { type JobId, jobDocId } from '../../crdt/ids.ts'
import type { Cli } from '../command.ts'
import { compactCommand } from '../compaction.ts'
import { CliError } from '../errors.ts'
import { mustExist } from '../job-edit.ts'
import { parseJob, shortJob } from '../job-ref.ts'
import type { Session } from '../session.ts'

export function addJobCompact(parent: Command, cli: Cli): Command {
  const command = parent
    .command('compact')
    .description('drop the history of a job, once every node has recorded the same one; its copies run on')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
  return compactCommand(cli, command, async (session, name) => {
    const job = parseJob(name)
    return {
      id: jobDocId(job),
      pool: undefined,
      words: `job ${shortJob(job)}`,
      conflictHint: `settle them first: shoal job conflicts ${shortJob(job)}`,
      check: (doc) => mustBeInForce(session, doc, job),
    }
  })
}

/** While the newest state of a job does not validate, an older one from its history is in force: that would be dropped. */
function mustBeInForce(session: Session, doc: Doc, job: JobId): void {
  mustExist(doc, job)
  const { problems } = jobView(session.io.crypto, doc)
  if (problems.length === 0) return
  throw new CliError('E_JOB_NOT_VALID', `the newest state of job ${shortJob(job)} does not validate; what is in force is in its history`, {
    details: problems,
    hint: 'correct it first: shoal job run with a whole file',
  })
}
