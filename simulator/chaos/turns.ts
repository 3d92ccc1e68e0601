// Whose turn it is in a roll-out: no more than `max_parallel` copies of a group are on their way to the new form at a time, as far as
// the board that moves one knows. Counted from claims; the plan is not asked, and where it is in doubt, a copy counts as arrived.

import { type SlotId, slotParts } from '../../crdt/ids.ts'
import { isRunOnce } from '../../crdt/spec.ts'
import { type Claim, type View, compareVersions, hasEnded } from '../../crdt/view.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { isLost } from './order-of-copies.ts'
import type { SeenStep } from './seen-step.ts'
import { slotsOfGroup } from './slots.ts'

export class Turns {
  /** What the board knew after its last step. */
  readonly #before = new WeakMap<Board, View>()

  after({ board, state, effects }: SeenStep): Finding[] {
    const before = this.#before.get(board) ?? state.view
    this.#before.set(board, state.view)
    return [...movedInPlace(board, state, effects)].flatMap((slot) => {
      // That a copy of its own is not healthy any more it may write down in the very step in which it moves another.
      const why = whyNotItsTurn({ ...state, view: before }, slot) === null ? null : whyNotItsTurn(state, slot)
      return why === null ? [] : [{ rule: 'updated-in-turn', what: `${board.spec.name} updates ${slot}: ${why}` }]
    })
  }
}

function movedInPlace(board: Board, state: State, effects: readonly Effect[]): Set<SlotId> {
  const moved = new Set<SlotId>()
  for (const effect of effects) {
    if (effect.kind !== 'stop') continue
    const slot = board.tasks.get(effect.task)?.slot
    const alloc = slot === undefined ? undefined : state.allocs.get(slot)
    // The former form's tasks are on their way out.
    if (alloc?.leaving.has(effect.task) === true && alloc.startedAt > 0 && effects.some((one) => isBodyWrite(one, alloc.slot)))
      moved.add(alloc.slot)
  }
  return moved
}

function isBodyWrite(effect: Effect, slot: SlotId): boolean {
  return effect.kind === 'persist' && effect.writes.some(({ key, value }) => value !== null && key === `meta/alloc/${slot}`)
}

export function whyNotItsTurn(state: State, slot: SlotId): string | null {
  const { job, group } = slotParts(slot)
  const view = state.view.jobs.get(job)
  const wanted = view?.spec?.groups.find((one) => one.name === group)
  const form = view?.forms.get(group)
  if (view?.spec == null || wanted === undefined || form === undefined || wanted.update.maxParallel <= 0) return null
  // What ends by itself is not rolled out.
  if (isRunOnce(view.spec)) return null
  if (view.paused === true) return 'the roll-out is paused'
  // A copy that failed on its way is tried again whatever the others do.
  const hasFailed = [...state.view.nodes.values()].some(
    (node) => node.verdicts.get(slot)?.some((verdict) => verdict.form === form && verdict.failures > 0) === true,
  )
  if (hasFailed || (state.view.claims.get(slot) ?? []).some((claim) => claim.state === 'failed')) return null
  const moving: string[] = []
  for (const { slot: other } of slotsOfGroup(state.view, job, view.spec, wanted)) {
    const claims = standing(state, other)
    if (other === slot || claims.some((claim) => compareVersions(claim.version, view.version) > 0)) continue
    // A vacancy that this board fills in this very step was none on its way when it was decided whose turn it is.
    const isNew = (claim: Claim): boolean => claim.node === state.boot.config.self && claim.state === 'claimed'
    const atForm = claims.filter((claim) => claim.form === form && !isNew(claim))
    // Also on a board that is being drained, or is back after too long: its replacement is no step of the roll-out.
    const hasArrived = mayHold(state, other).some(
      (claim) => claim.form === form && claim.healthy && (isThere(state, claim) || claims.includes(claim)),
    )
    if (atForm.some((claim) => isThere(state, claim) && !isDraining(state, claim)) && !hasArrived) moving.push(other.split('/').at(-1)!)
  }
  return moving.length < wanted.update.maxParallel
    ? null
    : `copies ${moving.join(', ')} are not healthy yet, max_parallel is ${wanted.update.maxParallel}`
}

function standing(state: State, slot: SlotId): Claim[] {
  const all = state.view.claims.get(slot) ?? []
  return mayHold(state, slot).filter((claim) => !isLost(claim, all))
}

/** Claims that count for whose turn it is. One of a board that is silent, or not heard yet, may hold the slot and be healthy. */
function mayHold(state: State, slot: SlotId): Claim[] {
  const all = state.view.claims.get(slot) ?? []
  const stopped = state.view.jobs.get(slotParts(slot).job)?.wishes.get(slot)?.stopGeneration ?? 0
  return all.filter((claim) => {
    const node = state.view.nodes.get(claim.node)
    return node !== undefined && node.liveness !== 'left' && !node.evicted && !hasEnded(claim) && claim.generation > stopped
  })
}

function isDraining(state: State, claim: Claim): boolean {
  return state.view.nodes.get(claim.node)?.draining === true
}

function isThere(state: State, claim: Claim): boolean {
  return state.view.nodes.get(claim.node)?.liveness === 'alive'
}

/** Somebody runs the slot at another form, and need not go for another reason. */
export function isMove(state: State, slot: SlotId): boolean {
  const { job, group } = slotParts(slot)
  const form = state.view.jobs.get(job)?.forms.get(group)
  const others = standing(state, slot).filter((claim) => claim.node !== state.boot.config.self && isThere(state, claim))
  const claims = others.filter((claim) => !isDraining(state, claim))
  return claims.some((claim) => claim.state === 'running') && claims.every((claim) => claim.form !== form)
}
