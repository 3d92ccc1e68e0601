// Edits without effect, and what an admin can say about them.

import type { JobDetail } from '../../crdt/api-jobs.ts'
import { shortJob } from '../job/job-ref.ts'
import { changeText } from './change.ts'
import type { Paint } from './paint.ts'

/** How many of them wait for an admin's word. */
export function openVoided({ voided }: Pick<JobDetail, 'voided'>): number {
  return voided.filter(({ released }) => !released).length
}

export function voidedText(job: JobDetail, names: ReadonlyMap<string, string>, paint: Paint): string {
  const short = shortJob(job.id)
  if (job.voided.length === 0) return `every edit of ${short} counts\n`
  const edits = job.voided.map((one) => changeText(one, names, paint, one.released ? paint.dim(' (given up)') : ''))
  return `${edits.join('\n')}\n${openVoided(job) > 0 ? helpFor(short, job.spec === null) : ''}`
}

function helpFor(job: string, isAll: boolean): string {
  const rest = isAll
    ? `Nothing else says what ${job} is: released, it is removed and its copies stop, unless shoal job run has said it anew before.\n`
    : ''
  return `Their key is revoked and nobody vouched for them, so they have no effect. Copies that run because of them stay as they are until
an admin has spoken: shoal job voided ${job} --accept (they shall count) or --release (they shall not).
${rest}`
}
