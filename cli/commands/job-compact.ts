// `job compact`: drops a job's history. Its copies run on, since what it says stays the same.

import type { Command } from 'commander'
import type { Doc } from '../../crdt/doc.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { type JobId, jobDocId } from '../../crdt/ids.ts'
import type { Cli } from '../command.ts'
import { compactCommand } from '../documents/compaction.ts'
import { CliError } from '../errors.ts'
import { mustExist } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { plural } from '../render/words.ts'
import type { Session } from '../peers/session.ts'

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
      check: async (doc) => {
        mustBeInForce(session, doc, job)
        await mustBeNewest(session, job)
      },
    }
  })
}

/** While the newest state of a job does not validate, an older one from its history is in force: that would be dropped. */
function mustBeInForce(session: Session, doc: Doc, job: JobId): void {
  mustExist(doc, job)
  // Nothing would be held any more, and nobody would have decided it.
  const open = [...(doc.judged?.voided ?? [])].filter((hash) => doc.judged?.released.has(hash) !== true).length
  if (open > 0)
    throw new CliError('E_VOIDED', `job ${shortJob(job)} has ${plural(open, 'edit')} without effect about which no admin has spoken`, {
      hint: `shoal job voided ${shortJob(job)}`,
    })
  const { problems } = jobView(session.io.crypto, doc)
  if (problems.length === 0) return
  throw new CliError('E_JOB_NOT_VALID', `the newest state of job ${shortJob(job)} does not validate; what is in force is in its history`, {
    details: problems,
    hint: 'correct it first: shoal job run with a whole file',
  })
}

/** The version that is in force is in the history, and the newest one, which failed or has yet to be promoted, would be in its place. */
async function mustBeNewest(session: Session, id: JobId): Promise<void> {
  const { job } = await session.ask('job', { method: 'job.status', job: id })
  const short = shortJob(id)
  if (job.canaries !== undefined)
    throw new CliError('E_CANARIES', `the newest version of job ${short} waits for its promotion, and an older one is in force`, {
      hint: `shoal job promote ${short} or job revert ${short} --last; then compact`,
    })
  if (job.wentBackTo === undefined) return
  throw new CliError('E_WENT_BACK', `the newest version of job ${short} failed, and ${job.wentBackTo} is in force`, {
    hint: `shoal job revert ${short} ${job.wentBackTo} makes it the newest; then compact`,
  })
}
