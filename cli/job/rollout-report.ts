// What a finished roll-out comes to: a line for people, and the exit code.

import type { JobId } from '../../crdt/ids.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { shortJob } from './job-ref.ts'
import { paintFor } from '../print.ts'
import { allocState, isOver, placeText } from '../render/allocs.ts'
import { shortReasons } from '../render/explain.ts'
import { arrivedWords, canaryWords, wentBackWords } from '../render/jobs.ts'
import { safe } from '../render/words.ts'
import type { Rollout } from './rollout.ts'
import type { Session } from '../peers/session.ts'

export async function reportRollout(session: Session, job: JobId, pool: string, { job: detail, outcome }: Rollout): Promise<ExitCode> {
  const { io, format } = session
  if (outcome === 'done') {
    if (format === 'table') io.stdout.write(paintFor(io).good(`job ${shortJob(job)}: ${doneWords(detail)}`) + '\n')
    return exitCodes.done
  }
  const warn = paintFor(io, io.stderr).warn
  const missing =
    detail === null ? 'nothing is known of the roll-out' : detail.desired === 'run' ? arrivedWords(detail, 'are ') : 'copies still run'
  io.stderr.write(
    `${warn(`job ${shortJob(job)}: submitted, but ${missing}${outcome === 'timeout' ? ' after the time given with --follow' : ''}`)}\n`,
  )
  if (detail?.wentBackTo !== undefined) io.stderr.write(`  ${wentBackWords(detail, detail.wentBackTo)}\n`)
  if (detail?.desired === 'run') for (const words of canaryWords(detail)) io.stderr.write(`  ${words}\n`)
  for (const problem of detail?.problems ?? []) io.stderr.write(`  not in force: ${safe(problem)}\n`)
  for (const line of await reasons(session, job, pool)) io.stderr.write(`  ${line}\n`)
  for (const alloc of detail?.allocs ?? []) {
    if (alloc.reason !== '' && !alloc.healthy && (alloc.state === 'failed' || !isOver(alloc)))
      io.stderr.write(`  ${placeText(alloc)} on ${safe(alloc.nodeName)}: ${allocState(alloc)}: ${safe(alloc.reason)}\n`)
  }
  return exitCodes.notPlaced
}

function doneWords(detail: Rollout['job']): string {
  if (detail === null) return 'nothing is known of it'
  if (detail.desired === 'run') return [arrivedWords(detail), ...canaryWords(detail)].join('; ')
  return `${detail.desired}, nothing of it runs`
}

/** The reasons are an extra: without them the message above still stands. */
async function reasons(session: Session, job: JobId, pool: string): Promise<readonly string[]> {
  try {
    const reply = await session.ask('explain', { method: 'job.explain', job }, { pool })
    return shortReasons(reply.slots)
  } catch {
    return []
  }
}
