// Follows a job until nothing more will happen by itself: every copy healthy, or what is missing cannot be placed. It reads
// only; a peer that goes away meanwhile is replaced by the next one of the list.

import type { AllocRow, JobDetail } from '../../crdt/api-jobs.ts'
import type { JobId } from '../../crdt/ids.ts'
import { CliError } from '../errors.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Session } from '../peers/session.ts'
import { paintFor } from '../print.ts'
import { allocState, isOver, placeText, shownAlloc } from '../render/allocs.ts'
import { arrived } from '../render/jobs.ts'
import { LiveBlock } from '../render/live.ts'
import { isLasting, reasonText } from '../render/reasons.ts'
import { rolloutTable } from '../render/rollout.ts'
import { safe, shortId } from '../render/words.ts'

/** Peers that end the conversation without a word in between, before the command gives up. */
const silentPeersMax = 3

export interface FollowOptions {
  readonly job: JobId
  readonly pool: string
  /** Answers about an older version are not about our change. */
  readonly version: string
  readonly timeoutMs: number
}

export interface Rollout {
  readonly job: JobDetail | null
  readonly outcome: 'done' | 'not-placed' | 'timeout'
}

export async function followRollout(session: Session, options: FollowOptions): Promise<Rollout> {
  const watch = watcher(session)
  const signal = AbortSignal.timeout(options.timeoutMs)
  let job: JobDetail | null = null
  for (let silent = 0; ; silent++) {
    try {
      for await (const reply of session.follow({ method: 'job.status', job: options.job, follow: true }, signal, options.pool)) {
        if (reply.kind !== 'job' || !isAtLeast(reply.job.version, options.version)) continue
        silent = 0
        job = reply.job
        watch(job)
        if (reply.settled || isStuck(job)) return { job, outcome: isComplete(job) ? 'done' : 'not-placed' }
      }
    } catch (error) {
      if (session.io.signal.aborted)
        throw new CliError('E_INTERRUPTED', 'stopped following; the change is in the mesh', { exitCode: exitCodes.interrupted })
      if (signal.aborted) return { job, outcome: 'timeout' }
      if (!(error instanceof CliError) || silent >= silentPeersMax) throw error
    }
    if (signal.aborted) return { job, outcome: 'timeout' }
    if (silent >= silentPeersMax)
      throw new CliError('E_CONNECTION', 'every peer ended the conversation; the change is in the mesh', {
        hint: 'shoal job status tells how it goes on',
      })
    await session.reconnect()
  }
}

/** Versions read `epoch.count.hash`; a merge with the other side's change counts higher than ours. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [epoch = 0, count = 0] = version.split('.').map(Number)
  const [wantedEpoch = 0, wantedCount = 0] = wanted.split('.').map(Number)
  return epoch > wantedEpoch || (epoch === wantedEpoch && count >= wantedCount)
}

/** What went back by itself is not what was submitted, however well it runs. */
function isComplete(job: JobDetail): boolean {
  if (job.desired !== 'run') return true
  // Canaries that are healthy are all that was ordered, until somebody says more.
  const areCanariesWell = (job.canaries ?? []).every(({ healthy, wanted }) => healthy >= wanted)
  return job.problems.length === 0 && job.wentBackTo === undefined && arrived(job) >= job.wanted && areCanariesWell
}

/** Every slot that is not healthy has no holder, no candidate, and a reason that waiting does not cure. */
function isStuck(job: JobDetail): boolean {
  if (job.desired !== 'run' || isComplete(job) || job.slots.length === 0) return false
  const healthy = new Set(job.allocs.filter((alloc) => alloc.holder && alloc.healthy).map(placeText))
  const open = job.slots.filter((slot) => !healthy.has(placeText(slot)) && slot.complete === null)
  return open.length > 0 && open.every((slot) => slot.holder === null && slot.candidate === null && isLasting(slot.reason ?? ''))
}

/** A table that is redrawn on a terminal; elsewhere one line whenever a slot's state changes. */
function watcher({ io, format }: Session): (job: JobDetail) => void {
  if (format !== 'table') return () => undefined
  if (io.stdout.isTty) {
    const block = new LiveBlock(io.stdout)
    return (job) => block.draw(rolloutTable(job, paintFor(io)))
  }
  const said = new Map<string, string>()
  return (job) => {
    for (const [key, place, text] of slotTexts(job, said)) {
      if (said.get(key) === text) continue
      said.set(key, text)
      io.stdout.write(`${place}: ${text}\n`)
    }
  }
}

/** What is remembered as said, the place, and the text. */
function slotTexts(job: JobDetail, said: ReadonlyMap<string, string>): readonly (readonly [key: string, place: string, text: string])[] {
  const where = (alloc: AllocRow): string => safe(`${allocState(alloc)} on ${alloc.nodeName || shortId(alloc.node)}`)
  const lines = job.slots.map((slot) => {
    const alloc = shownAlloc(job, slot)
    const { reason } = slot
    return [
      placeText(slot),
      placeText(slot),
      alloc === undefined ? (reason === null ? 'waiting' : reasonText(reason)) : where(alloc),
    ] as const
  })
  // Copies that are no longer wanted have no slot; once they were seen to run, they are seen to stop.
  const unwanted = job.allocs.filter(
    (alloc) => !job.slots.some((one) => one.slot === alloc.slot) && (!isOver(alloc) || said.has(alloc.alloc) || said.has(placeText(alloc))),
  )
  return [...lines, ...unwanted.map((alloc) => [alloc.alloc, placeText(alloc), where(alloc)] as const)]
}
