// `job promote`: an operator's word that a version whose canaries are healthy may run everywhere. It names the version, so that it says
// nothing of one that somebody else writes at the same time.

import type { Command } from 'commander'
import type { CanaryRow, JobDetail } from '../../crdt/api-jobs.ts'
import type { Doc } from '../../crdt/doc.ts'
import { jobView, promotedPath } from '../../crdt/documents/job.ts'
import type { JobId } from '../../crdt/ids.ts'
import { type Cli, type WriteOptions, confirmOptions, parseMillis, remote } from '../command.ts'
import { CliError } from '../errors.ts'
import type { ExitCode } from '../exit-codes.ts'
import { editJob, mustExist } from '../job/job-edit.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { sendWish } from '../job/send-wish.ts'
import type { Session } from '../peers/session.ts'
import { printData } from '../print.ts'
import { plural, safe } from '../render/words.ts'

interface Options extends WriteOptions {
  readonly group: readonly string[]
  readonly detach?: boolean
  readonly follow: number
}

export function addJobPromote(parent: Command, cli: Cli): Command {
  const command = parent
    .command('promote')
    .description('let a version whose canaries are healthy take the place of the old copies, and follow')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option(
      '--group <name>',
      'only this group (repeatable; default: all that wait)',
      (name, before: readonly string[]) => [...before, name],
      [],
    )
    .option('-d, --detach', 'return at once, without following the roll-out')
    .option('--follow <duration>', 'how long to follow the roll-out', parseMillis, 600_000)
  return remote<Options>(cli, confirmOptions(command), (session, { args: [name = ''], options }) =>
    promote(session, parseJob(name), options),
  )
}

async function promote(session: Session, job: JobId, options: Options): Promise<ExitCode> {
  const { io, format } = session
  let rows: readonly CanaryRow[] = []
  const detail = await detailOf(session, job)
  const edit = await editJob(session, job, (doc) => {
    rows = waitingIn(detail, options.group)
    mustBeNewest(session, doc, job, rows)
    return new Map(rows.map(({ group, form }) => [promotedPath(group), form]))
  })
  const groups = rows.map(({ group }) => group)
  if (format === 'table') io.stdout.write(`job ${shortJob(job)}: ${sentence(groups, detail.paused === true)}\n`)
  const followMs = options.detach === true ? null : options.follow
  const { receipt, detail: after, exitCode } = await sendWish(session, job, edit, { ...options, followMs })
  if (format !== 'table') printData(io, format, { job, promoted: groups, exitCode, receipt, detail: after })
  return exitCode
}

async function detailOf(session: Session, job: JobId): Promise<JobDetail> {
  const { job: detail } = await session.ask('job', { method: 'job.status', job })
  return detail
}

/** As in Nomad: what is not healthy is not promoted, whoever says so. */
function waitingIn({ id, canaries = [] }: JobDetail, asked: readonly string[]): readonly CanaryRow[] {
  const found = asked.length === 0 ? canaries : canaries.filter(({ group }) => asked.includes(group))
  const missing = asked.filter((group) => !found.some((row) => row.group === group))
  if (found.length === 0 || missing.length > 0) {
    const what = missing.length === 0 ? `job ${shortJob(id)}` : `${missing.map(safe).join(', ')} of job ${shortJob(id)}`
    throw new CliError('E_NOT_WAITING', `no version of ${what} waits for a promotion`, {
      hint: `shoal job status ${shortJob(id)} tells which groups have canaries`,
    })
  }
  const ill = found.filter(({ healthy, wanted }) => healthy < wanted)
  if (ill.length > 0)
    throw new CliError('E_CANARIES_NOT_HEALTHY', `not all canaries of job ${shortJob(id)} are healthy; nothing was changed`, {
      details: ill.map(({ group, healthy, wanted }) => `group ${group}: ${healthy} of ${plural(wanted, 'canary', 'canaries')} healthy`),
      hint: `shoal job explain ${shortJob(id)} says why; a version is ordered without canaries with update.canary: 0`,
    })
  return found
}

/** The board told of the canaries of a version; somebody may have written a newer one since. */
function mustBeNewest({ io }: Session, doc: Doc, job: JobId, rows: readonly CanaryRow[]): void {
  mustExist(doc, job)
  const { forms } = jobView(io.crypto, doc)
  const other = rows.find(({ group, form }) => forms.get(group) !== form)
  if (other === undefined) return
  throw new CliError('E_NOT_WAITING', `group ${other.group} of job ${shortJob(job)} has a newer version than the one whose canaries run`, {
    hint: `wait for its canaries: shoal job status ${shortJob(job)}`,
  })
}

function sentence(groups: readonly string[], isPaused: boolean): string {
  const then = isPaused ? '; its roll-outs are paused, and go on with job resume' : ''
  return `group${groups.length === 1 ? '' : 's'} ${groups.join(', ')} promoted${then}`
}
