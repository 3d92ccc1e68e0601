// Who is asked first for what a replaced board held last (docs/adr/0023), read from what the board that claims knew, and apart from
// `scheduler/succession.ts`. Where it is in doubt whether the board in that place could take the slot, nobody is blamed.

import { type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import type { GroupSpec, JobSpec } from '../../crdt/spec.ts'
import { type Claim, type NodeView, type View, hasEnded } from '../../crdt/view.ts'
import { silentSince } from '../../node/core/liveness/liveness.ts'
import type { State } from '../../node/core/state.ts'
import { schedulerLimits } from '../../scheduler/limits.ts'
import type { Plan } from '../../scheduler/types.ts'
import { isAskedFor } from './fitness.ts'
import { wantedSlots } from './slots.ts'

/** What a board remembered of a slot before it decided. */
export type Memory = ReturnType<Plan['pending']['get']>

/** At the ends of all chains of replacements from where the newest of the claims is, if that has not ended by itself. */
export function successorsOf({ nodes }: View, claims: readonly Claim[]): ReadonlySet<NodeId> {
  const newest = Math.max(0, ...claims.map(({ generation }) => generation))
  const last = claims.filter((claim) => claim.generation === newest && (!hasEnded(claim) || claim.reason === 'evicted'))
  const ends = new Set<NodeId>()
  const reached = new Set(last.map(({ node }) => node))
  for (const id of reached)
    for (const next of nodes.get(id)?.replacedBy ?? []) {
      reached.add(next)
      if (nodes.get(next)?.replacedBy === undefined) ends.add(next)
    }
  return ends
}

/** One that is to take the slot is silent, and for no longer than a silent copy is waited for. */
export function awaitsSuccessor(state: State, slot: SlotId, { disconnect }: GroupSpec, now: number): boolean {
  return [...successorsOf(state.view, state.view.claims.get(slot) ?? [])].some((id) => {
    const node = state.view.nodes.get(id)
    return node !== undefined && isOpen(node) && isSilent(state, node, disconnect.replaceAfterMs, now)
  })
}

function isOpen({ evicted, eligible, draining, liveness }: NodeView): boolean {
  return !evicted && eligible && !draining && liveness !== 'left'
}

function isSilent({ liveness }: State, node: NodeView, replaceAfterMs: number, now: number): boolean {
  const since = silentSince(liveness).get(node.id)
  return node.liveness !== 'alive' && since !== undefined && now - since < replaceAfterMs
}

export interface Claiming {
  readonly state: State
  readonly slot: SlotId
  readonly generation: number
  readonly memory: Memory
  /** On the board's clock. */
  readonly now: number
}

/** What to make of a claim: whether its board takes over, and why another ought to have had the slot (null: none). */
export function judgeTaking(claiming: Claiming): { readonly isSuccessor: boolean; readonly why: string | null } {
  const successors = legacy(claiming)
  const isSuccessor = successors.has(claiming.state.boot.config.self)
  return { isSuccessor, why: isSuccessor ? null : whyNotTaken(claiming, successors) }
}

/** Whether what the board claims was a replaced board's last, and whose it is to be. */
function legacy({ state: { view, boot }, slot, generation }: Claiming): ReadonlySet<NodeId> {
  const others = (view.claims.get(slot) ?? []).filter(({ node }) => node !== boot.config.self)
  // Else it was the board's own.
  return others.some((claim) => claim.generation === generation - 1) ? successorsOf(view, others) : new Set()
}

function whyNotTaken(claiming: Claiming, successors: ReadonlySet<NodeId>): string | null {
  const { state, slot, memory, now } = claiming
  const { job, group } = slotParts(slot)
  const spec = state.view.jobs.get(job)?.spec
  const wanted = spec?.groups.find(({ name }) => name === group)
  if (spec == null || wanted === undefined) return null
  for (const id of successors) {
    const node = state.view.nodes.get(id)
    if (node === undefined || !couldTake(state, node, spec, wanted, slot) || wasAsked(memory, id, now)) continue
    if (node.liveness === 'alive') return `${id} is in the place of the board that held it last`
    if (isSilent(state, node, wanted.disconnect.replaceAfterMs, now))
      return `${id}, in the place of the board that held it last, is waited for`
  }
  return null
}

/** It did not answer in time. */
function wasAsked(memory: Memory, id: NodeId, now: number): boolean {
  if (memory === undefined) return false
  return memory.overdue.has(id) || (memory.candidate === id && now - memory.since >= schedulerLimits.pendingMs)
}

function couldTake(state: State, node: NodeView, spec: JobSpec, group: GroupSpec, slot: SlotId): boolean {
  const { view } = state
  if (!isOpen(node) || node.documentFull || node.planVersion < view.fleet.planVersion || !isAskedFor(spec, group, node)) return false
  if (group.network.ports.some((port) => port.static !== null)) return false
  if (!group.tasks.every(({ driver }) => node.drivers[driver]?.healthy === true)) return false
  const hasFailed = (view.claims.get(slot) ?? []).some((claim) => claim.node === node.id && claim.state === 'failed')
  if (hasFailed || node.verdicts.has(slot)) return false
  return hasRoom(view, node, slot, group)
}

/** For all that it holds and all that is vacant, whoever gets that. */
function hasRoom(view: View, { id, capacity }: NodeView, slot: SlotId, group: GroupSpec): boolean {
  const wanted = wantedSlots(view)
  const isHeld = (claim: Claim): boolean => !hasEnded(claim) && view.nodes.get(claim.node)?.liveness === 'alive'
  const groups = [group]
  for (const other of wanted) {
    const claims = view.claims.get(other.slot) ?? []
    const own = claims.find((claim) => claim.node === id && !hasEnded(claim))
    if (own !== undefined && own.form !== view.jobs.get(other.job)?.forms.get(other.group.name)) return false
    if (other.slot !== slot && (own !== undefined || !claims.some(isHeld))) groups.push(other.group)
  }
  const slots = new Set(wanted.map((one) => one.slot))
  const holdsMore = [...view.claims].some(
    ([held, claims]) => !slots.has(held) && claims.some((claim) => claim.node === id && !hasEnded(claim)),
  )
  const sum = (of: (one: GroupSpec) => number): number => groups.reduce((total, one) => total + of(one), 0)
  const tasks = (of: 'cpuMhz' | 'memoryMib') => (one: GroupSpec) => one.tasks.reduce((total, { resources }) => total + resources[of], 0)
  return (
    !holdsMore &&
    sum(tasks('cpuMhz')) <= capacity.cpuMhz &&
    sum(tasks('memoryMib')) <= capacity.memoryMib &&
    sum(({ diskMib }) => diskMib) <= capacity.diskMib
  )
}
