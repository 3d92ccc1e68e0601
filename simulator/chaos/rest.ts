// The `finally` rules of a fleet at rest, on what can be seen of any fleet: what its boards know and what really runs on them. Simulated boards
// and real agents are held against the same words. Each function returns what contradicts its rule; nothing means that it holds.

import type { NodeId, SlotId } from '../../crdt/ids.ts'
import { isRunOnce } from '../../crdt/spec.ts'
import type { View } from '../../crdt/view.ts'
import { type Occupied, usedOn } from './board-order.ts'
import { apartness, isAskedFor } from './fitness.ts'
import type { Finding, Rule } from './invariants.ts'
import { type Slot, wantedSlots } from './slots.ts'

/** What a board that belongs to the fleet knows. The texts are equal where what they tell is. */
export interface Knowledge {
  readonly view: View
  readonly documentsText: () => string
  readonly viewText: () => string
  readonly planText: () => string
  /** Why nobody holds a slot, as its plan says. */
  readonly reasonOf: (slot: SlotId) => string | null
}

/** Where the capacity is not known, nothing counts as fitting. */
export interface RestingBoard extends Occupied {
  readonly id: NodeId
  /** As its own configuration says. */
  readonly labels: Readonly<Record<string, string>>
  /** null: evicted, or without an agent. It only has to run nothing. */
  readonly knows: Knowledge | null
}

interface Member extends RestingBoard {
  readonly knows: Knowledge
}

interface Pool {
  readonly boards: readonly RestingBoard[]
  readonly members: readonly Member[]
  /** Who runs the slot, in the order of the boards; a board with two copies of it is there once. */
  readonly runnersOf: (slot: SlotId) => readonly RestingBoard[]
  readonly heldOutside: ReadonlySet<SlotId>
  /** What the first member knows: where they do not agree, that is told anyway. */
  readonly view: View
  readonly reasonOf: Knowledge['reasonOf']
}

/** `boards`: all of one pool, or of its core; `heldOutside`: slots that one holds which is not among them. */
export function findingsAtRest(boards: readonly RestingBoard[], heldOutside: ReadonlySet<SlotId> = new Set()): Finding[] {
  const members = boards.filter(isMember)
  const [first] = members
  if (first === undefined) return []
  const { view, reasonOf } = first.knows
  const pool: Pool = { boards, members, runnersOf: runnersIn(boards), heldOutside, view, reasonOf }
  const told: Partial<Record<Rule, readonly string[]>> = {
    'documents-equal': different(members, ({ knows }) => knows.documentsText()),
    'views-equal': different(members, ({ knows }) => knows.viewText()),
    'plans-equal': different(members, ({ knows }) => knows.planText()),
    'wanted-runs-once': wantedNotOnce(pool),
    'form-in-force': wrongForms(pool),
    'unwanted-stopped': unwanted(pool),
    drained: undrained(pool),
  }
  return Object.entries(told).flatMap(([rule, whats]) => whats.map((what) => ({ rule: rule as Rule, what })))
}

function different(members: readonly Member[], textOf: (member: Member) => string): string[] {
  const groups = new Map<string, string[]>()
  for (const member of members) {
    const text = textOf(member)
    groups.set(text, [...(groups.get(text) ?? []), member.name])
  }
  if (groups.size <= 1) return []
  const [one = '', other = ''] = [...groups.keys()].map((text) => text)
  const [left, right] = [one.split(/[\n ](?=node\/|job\/|ops\/|default\/)/), other.split(/[\n ](?=node\/|job\/|ops\/|default\/)/)]
  const parts = left.filter((part) => !right.includes(part)).concat(right.filter((part) => !left.includes(part)))
  return [`${[...groups.values()].map((names) => names.join('+')).join(' | ')}: ${parts.slice(0, 4).join(' <> ')}`]
}

function runnersIn(boards: readonly RestingBoard[]): Pool['runnersOf'] {
  const runners = new Map<SlotId, Set<RestingBoard>>()
  for (const board of boards) {
    for (const { slot } of board.tasks) {
      const known = runners.get(slot)
      if (known === undefined) runners.set(slot, new Set([board]))
      else known.add(board)
    }
  }
  return (slot) => [...(runners.get(slot) ?? [])]
}

function isMember(board: RestingBoard): board is Member {
  return board.knows !== null
}

function namesOf(boards: readonly RestingBoard[]): string {
  return boards.map(({ name }) => name).join(', ')
}

function wantedNotOnce(pool: Pool): string[] {
  return wantedSlots(pool.view).flatMap((wanted) => {
    const { slot } = wanted
    const runners = pool.runnersOf(slot)
    if (runners.length === 1) return []
    if (runners.length > 1) return [`${slot} runs on ${namesOf(runners)}`]
    if (pool.heldOutside.has(slot)) return []
    const room = pool.members.filter((member) => fits(member, wanted, pool))
    if (room.length === 0) return []
    return [`${slot} runs nowhere (${pool.reasonOf(slot) ?? 'no reason'}) and fits on ${namesOf(room)}`]
  })
}

/** Counted from what really runs, by the simplest rules: what the plan thinks of it is not asked. `without` makes room. */
function fits(board: Member, { group, job, owner }: Slot, { view }: Pool, without: string | null = null): boolean {
  const node = view.nodes.get(board.id)
  const { capacity } = board
  if (owner !== null && owner !== board.id) return false
  if (node === undefined || capacity === undefined || node.draining || !node.eligible) return false
  const { spec = null } = view.jobs.get(job) ?? {}
  if (!isAskedFor(spec, group, { ...node, labels: board.labels })) return false
  const others = board.tasks.filter((task) => task.alloc !== without)
  const apart = apartness(spec, group)
  const own = apart === 'job' ? `${job}/` : `${job}/${group.name}/`
  if (apart !== null && others.some((task) => task.slot.startsWith(own))) return false
  const bound = new Set(others.flatMap((task) => Object.values(task.ports)))
  if (group.network.ports.some((port) => port.static !== null && bound.has(port.static))) return false
  const used = usedOn(others, board.asks)
  for (const task of group.tasks) {
    used.cpuMhz += task.resources.cpuMhz
    used.memoryMib += task.resources.memoryMib
  }
  return used.cpuMhz <= capacity.cpuMhz && used.memoryMib <= capacity.memoryMib && used.diskMib + group.diskMib <= capacity.diskMib
}

/**
 * Where the new version fits neither in place nor anywhere else, or a board outside has the copy, the old one goes on; and the roll-out waits
 * for it, since copies are updated in the order of their indexes.
 */
function wrongForms(pool: Pool): string[] {
  const stuck = new Set<string>()
  const found: { readonly group: string; readonly reason: string; readonly what: string }[] = []
  for (const wanted of wantedSlots(pool.view)) {
    const { slot, group, job } = wanted
    const key = `${job}/${group.name}`
    const form = pool.view.jobs.get(job)?.forms.get(group.name)
    const runners = pool.runnersOf(slot).filter(isMember)
    const copies = runners.flatMap(({ tasks }) => tasks.filter((task) => task.slot === slot))
    if (pool.heldOutside.has(slot)) stuck.add(key)
    const [wrong] = copies.filter((task) => task.form !== form)
    if (wrong === undefined && copies.length > 0) continue
    const room = pool.members.filter((member) => fits(member, wanted, pool, wrong?.alloc ?? null))
    if (room.length === 0) stuck.add(key)
    if (wrong === undefined || room.length === 0) continue
    const reason = pool.reasonOf(slot) ?? 'no reason'
    if (reason === 'rollout-paused' && pool.view.jobs.get(job)?.paused === true) continue
    const what = `${slot} runs at another form than the one in force (${reason}), which fits on ${namesOf(room)}`
    found.push({ group: key, reason, what })
  }
  return found.filter(({ group, reason }) => reason !== 'rollout-waits' || !stuck.has(group)).map(({ what }) => what)
}

function unwanted(pool: Pool): string[] {
  const wanted = new Set(wantedSlots(pool.view).map(({ slot }) => slot))
  return pool.boards.flatMap(({ name, tasks, knows }) =>
    tasks
      .filter((task) => knows === null || !wanted.has(task.slot))
      .map((task) => `${name}${knows === null ? ' (evicted)' : ''} runs ${task.slot}`),
  )
}

function undrained(pool: Pool): string[] {
  return wantedSlots(pool.view).flatMap((wanted) => {
    const { slot, spec, owner } = wanted
    // A node's own copies go last, and what ends by itself is waited for.
    if (owner !== null || isRunOnce(spec)) return []
    const on = pool.runnersOf(slot).find(isMember)
    if (on === undefined || pool.view.nodes.get(on.id)?.draining !== true) return []
    // Copies move one after another, too.
    if ([...pool.heldOutside].some((held) => held.startsWith(`${wanted.job}/${wanted.group.name}/`))) return []
    const room = pool.members.filter((member) => member !== on && fits(member, wanted, pool))
    return room.length === 0 ? [] : [`${on.name} drains and runs ${slot}, which fits on ${namesOf(room)}`]
  })
}
