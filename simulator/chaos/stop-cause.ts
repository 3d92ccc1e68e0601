// Why a board stops a task, read from its own state right after the step in which it said so.

import { type Generation, type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import { isUp } from '../../node/core/allocs/alloc.ts'
import { drainOverReason } from '../../node/core/draining.ts'
import type { RunningTask } from '../../node/core/ports.ts'
import { isEvicted } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import { nextPlanVersion } from '../next-agent.ts'
import type { Sight } from './invariants.ts'

export type StopCause = { readonly words: string } & (
  | {
      readonly kind: 'replaced'
      readonly by: NodeId
      readonly generation: Generation
      readonly heirGeneration: Generation
      readonly isDraining: boolean
    }
  /** Nothing there claims it. */
  | { readonly kind: 'orphan' }
  /** An operator changed the job, its number of copies, or one of them. */
  | { readonly kind: 'wish' }
  /** A copy of a system job, and its board is not what the job asks for any more. */
  | { readonly kind: 'not-suited' }
  | { readonly kind: 'evicted' }
  /** A copy of a system job, and its board drains. */
  | { readonly kind: 'drained' }
  /** Its board leaves, and nobody has taken it over in time. */
  | { readonly kind: 'leaving' }
  /** `check_restart`. */
  | { readonly kind: 'check' }
  /** The time that its board had to drain is over. */
  | { readonly kind: 'drain-over' }
  /** Its work is done elsewhere. */
  | { readonly kind: 'done'; readonly by: NodeId }
  /** A more important copy takes its room. */
  | { readonly kind: 'displaced'; readonly by: string }
  | { readonly kind: 'failed' }
  | { readonly kind: 'alone' }
  | { readonly kind: 'unknown' }
)

export const sightOfCause: Partial<Record<StopCause['kind'], Sight>> = {
  done: 'done-elsewhere',
  leaving: 'left-by-deadline',
  check: 'check-restarted',
  displaced: 'made-room',
}

/** Of a copy that ends since another of its slot stays. */
export function sightsOfSurplus({ core }: Board, cause: StopCause & { kind: 'replaced' }): readonly Sight[] {
  const state = core?.state
  const isNext = state?.view.fleet.planVersion === nextPlanVersion && state.planVersion === nextPlanVersion
  const next: readonly Sight[] = isNext ? ['next-plan'] : []
  if (cause.isDraining) return [...next, 'drained-away']
  if (cause.generation === cause.heirGeneration) return [...next, 'surplus-stopped']
  return [...next, 'surplus-stopped', cause.generation < cause.heirGeneration ? 'replacement-stayed' : 'original-stayed']
}

/** Slots whose copies run here as far as the board knows. */
export function runningHere(board: Board): ReadonlySet<SlotId> {
  const slots = new Set<SlotId>()
  for (const alloc of board.core?.state?.allocs.values() ?? []) if (alloc.state === 'running' && isUp(alloc.body)) slots.add(alloc.slot)
  return slots
}

export function causeOfStop(board: Board, task: RunningTask): StopCause {
  const state = board.core?.state
  const alloc = state?.allocs.get(task.slot)
  if (state == null || alloc === undefined || alloc.alloc !== task.alloc) {
    const isOut = state != null && isEvicted(state, board.spec.id)
    return isOut ? { kind: 'evicted', words: 'evicted' } : { kind: 'orphan', words: 'nothing here claims it' }
  }
  if (alloc.leaving.has(task.id)) return { kind: 'wish', words: 'updated in place' }
  const run = alloc.body.tasks.get(task.task)
  if (run?.again === true) return { kind: 'wish', words: 'restarted on a wish' }
  if (run?.unfit != null) return { kind: 'check', words: run.unfit }
  const words = alloc.ending?.reason ?? ''
  if (alloc.ending?.state === 'failed') return { kind: 'failed', words }
  if (words === drainOverReason) return { kind: 'drain-over', words }
  const [code = '', by = ''] = words.split(': ')
  switch (code) {
    case 'replaced':
    case 'not-needed': {
      const heir = state.view.claims.get(task.slot)?.find((claim) => claim.node === by)
      const isDraining = state.view.nodes.get(board.spec.id)?.draining === true
      return { kind: 'replaced', by: by as NodeId, generation: alloc.generation, heirGeneration: heir?.generation ?? 0, isDraining, words }
    }
    case 'job-stopped':
    case 'job-removed':
    case 'scaled-down':
    case 'alloc-stop':
      return { kind: 'wish', words }
    case 'not-suited':
    case 'evicted':
    case 'drained':
    case 'leaving':
      return { kind: code, words }
    case 'complete':
      return { kind: 'done', by: by as NodeId, words }
    case 'preempted':
      return { kind: 'displaced', by, words }
    case 'alone':
      return { kind: 'alone', words }
    case 'job-lost':
      return { kind: 'failed', words }
    default:
      return { kind: 'unknown', words }
  }
}

/** It is to drain, and not but for copies of system jobs: those are all that a drain stops where they are. */
export function isDrained({ core, spec }: Board): boolean {
  const node = core?.state?.view.nodes.get(spec.id)
  return node?.draining === true && node.drainIgnoresSystem !== true
}

/** It has another board's labels since it took that one's place, and jobs that run on every suited board see to it. */
export function isRelabelled({ core, spec }: Board): boolean {
  const labels = Object.entries(core?.state?.view.nodes.get(spec.id)?.labels ?? {})
  const own = spec.labels ?? {}
  return labels.length !== Object.keys(own).length || labels.some(([key, value]) => own[key] !== value)
}

/** What the board says that an operator wants is what the documents say that it has. */
export function isWished(board: Board, { slot, generation }: RunningTask, words: string): boolean {
  const { job: id, group, index } = slotParts(slot)
  const job = board.core?.state?.view.jobs.get(id)
  switch (words) {
    case 'job-stopped':
      return job?.desired === 'stopped'
    case 'job-removed':
      return job === undefined || job.desired === 'removed'
    case 'scaled-down':
      return index >= (job?.spec?.groups.find((one) => one.name === group)?.count ?? 0)
    case 'alloc-stop':
      return generation <= (job?.wishes.get(slot)?.stopGeneration ?? 0)
    default:
      return true
  }
}
