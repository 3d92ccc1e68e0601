// Whether a board may claim the slot of a silent one: not before `replace_after`, not where `replace` is false, and with
// `partition: half` not on the smaller side. Read from what that board knew when it claimed; the plan is not asked.

import { type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import type { DisconnectPolicy, GroupSpec, JobSpec } from '../../crdt/spec.ts'
import { type Claim, compareVersions, hasEnded } from '../../crdt/view.ts'
import { silentSince } from '../../node/core/liveness/liveness.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import { isAskedFor } from './fitness.ts'

/** Slot and generation of each claim that is made in a step. */
const claimed = /^claimed (\S+) \(generation (\d+)\)$/

export function claimOfLog(message: string): { readonly slot: SlotId; readonly generation: number } | null {
  const [, slot, generation] = claimed.exec(message) ?? []
  return slot === undefined ? null : { slot: slot as SlotId, generation: Number(generation) }
}

/** Which generations each board has used: with the disk that it has, and as long as the job is not removed, they only rise. */
export class Generations {
  readonly #used = new Map<Board, Map<SlotId, number>>()
  readonly #removed = new Set<string>()
  #isCovered = false
  /** What each board had used before its present step. */
  readonly #before = new Map<Board, Map<SlotId, number>>()

  stepBegins(board: Board): void {
    if (board.syncingSince === null) this.#before.delete(board)
  }

  /** It ended in the middle of a step, or of those for which its disk had not written: what it was about to write down, nobody ever saw. */
  stepUndone(board: Board): void {
    for (const [slot, before] of this.#before.get(board) ?? []) this.#used.get(board)?.set(slot, before)
  }

  diskReplaced(board: Board): void {
    this.#used.delete(board)
  }

  /** Claims that replace all others make history of these, which is forgotten; and then they were a lie. */
  coveredByLies(): void {
    this.#isCovered = true
  }

  removed(job: string): void {
    this.#removed.add(job)
  }

  wasRemoved(slot: SlotId): boolean {
    return this.#removed.has(slotParts(slot).job)
  }

  whyNotUsed(board: Board, slot: SlotId, generation: number): string | null {
    const used = this.#used.get(board) ?? new Map<SlotId, number>()
    const before = used.get(slot) ?? 0
    const inStep = this.#before.get(board) ?? new Map<SlotId, number>()
    if (!inStep.has(slot)) this.#before.set(board, inStep.set(slot, before))
    this.#used.set(board, used.set(slot, Math.max(before, generation)))
    if (generation > before || this.#isCovered || this.wasRemoved(slot)) return null
    return `generation ${generation} again, after ${before}`
  }
}

/** Whether anybody else belongs here as far as the board knows: one that has evicted all others is not alone, it is all there is. */
export function hasOthers(board: Board, { view }: State): boolean {
  return [...view.nodes.values()].some((node) => node.id !== board.spec.id && !node.evicted && node.liveness !== 'left')
}

/** Why this board ought not to have claimed the slot now; null: it may. */
export function whyNotClaimed(board: Board, slot: SlotId, now: number): string | null {
  const state = board.core?.state
  if (state == null) return null
  const { view } = state
  const { job, group } = slotParts(slot)
  const wanted = view.jobs.get(job)?.spec?.groups.find((one) => one.name === group)
  const stopped = view.jobs.get(job)?.wishes.get(slot)?.stopGeneration ?? 0
  if (wanted === undefined) return null
  const others = (view.claims.get(slot) ?? []).filter((claim) => claim.node !== board.spec.id && stands(state, claim, stopped))
  const inForce = view.jobs.get(job)?.version
  const isUnknown = ({ version }: Claim): boolean => inForce !== undefined && compareVersions(version, inForce) > 0
  const since = silentSince(state.liveness)
  const silentMs = (node: NodeId): number => now - (since.get(node) ?? now)
  const isHeard = ({ node }: Claim): boolean =>
    view.nodes.get(node)?.liveness === 'alive' || silentMs(node) < wanted.disconnect.replaceAfterMs
  const heard = others.filter(isHeard)
  if (heard.length > 0 && heard.every(isUnknown)) return `${heard[0]!.node} holds it at a version that is not known here`
  // Whoever is there may drain, or cannot be updated where it is: then the claim is no replacement of a silent copy.
  if (others.length === 0 || others.some((claim) => view.nodes.get(claim.node)?.liveness === 'alive')) return null
  for (const { node } of others) {
    const early = whyEarly(wanted.disconnect, silentMs(node))
    if (early !== null) return `${node} has been silent for ${silentMs(node)} ms, ${early}`
  }
  const marks = state.allocs.get(slot)?.lost
  const unmarked = others.find(
    ({ node, generation }) => silentMs(node) >= wanted.disconnect.lostAfterMs && (marks?.get(node) ?? 0) < generation,
  )
  if (unmarked !== undefined) return `${unmarked.node} has been silent for longer than lost_after and is not marked as lost`
  return wanted.disconnect.partition === 'half' && !seesHalf(state, view.jobs.get(job)?.spec ?? null, wanted)
    ? 'this board sees less than half of those that could run it'
    : null
}

export function stands(state: State, claim: Claim, stopped: number): boolean {
  const node = state.view.nodes.get(claim.node)
  return node !== undefined && !node.evicted && node.liveness !== 'left' && !hasEnded(claim) && claim.generation > stopped
}

function whyEarly({ replace, replaceAfterMs, lostAfterMs, lostAfterExplicit }: DisconnectPolicy, silentMs: number): string | null {
  if (silentMs < replaceAfterMs) return `replace_after is ${replaceAfterMs} ms`
  if (replace || (lostAfterExplicit && silentMs >= lostAfterMs)) return null
  return 'and replace is false'
}

export function seesHalf({ view }: State, spec: JobSpec | null, group: GroupSpec): boolean {
  const able = [...view.nodes.values()].filter(
    (node) => !node.evicted && node.liveness !== 'left' && node.eligible && isAskedFor(spec, group, node),
  )
  return 2 * able.filter((node) => node.liveness === 'alive').length >= able.length
}

/** Why this board ought not to have claimed the slot at all; null: it may run it. */
export function whyNotPlaced({ spec }: Board, { view, planVersion, leave, storeProblem }: State, slot: SlotId): string | null {
  const self = view.nodes.get(spec.id)
  const { job, group } = slotParts(slot)
  const wanted = view.jobs.get(job)?.spec
  const asked = wanted?.groups.find((one) => one.name === group)
  if (self === undefined || wanted == null || asked === undefined) return null
  if (view.fleet.planVersion > planVersion) return 'its agent does not know the plan of the fleet'
  if (self.evicted) return 'it is evicted'
  if (leave.left) return 'it has left'
  if (storeProblem !== null) return 'its disk takes no writes'
  if (self.draining) return 'it drains'
  if (!self.eligible) return 'it is not eligible'
  if (wanted.pool !== spec.pool) return `the job is for the pool ${wanted.pool}`
  return isAskedFor(wanted, asked, self) ? null : 'a constraint does not hold there'
}
