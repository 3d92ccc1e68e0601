// The `finally` rules: what must be true of the whole fleet once all faults have ended and time has passed. Each function returns what
// contradicts its rule, in words; nothing means that it holds.

import type { JobId, NodeId, SlotId } from '../../crdt/ids.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { slotId, slotParts } from '../../crdt/ids.ts'
import type { GroupSpec } from '../../crdt/spec.ts'
import type { View } from '../../crdt/view.ts'
import { viewHash } from '../../crdt/view-hash.ts'
import type { SlotPlan } from '../../scheduler/types.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'

import { usedOn } from './board-order.ts'
import { chaosCrypto } from './crypto.ts'
import { apartness, isAskedFor } from './fitness.ts'
import type { Finding, Rule } from './invariants.ts'
import type { Stage } from './stage.ts'

/** A board that belongs to the fleet, and what it knows. */
interface Member {
  readonly board: Board
  readonly state: State
}

export function findingsAtEnd(stage: Stage): Finding[] {
  const pools = new Set([...stage.world.boards.values()].map((board) => board.spec.pool ?? 'default'))
  return [...pools].flatMap((pool) => findingsIn(stage, pool))
}

function findingsIn(stage: Stage, pool: string): Finding[] {
  const members = membersOf(stage, pool)
  const [first] = members
  if (first === undefined) return []
  const found: Finding[] = []
  const add = (rule: Rule, whats: readonly string[]): void => {
    for (const what of whats) found.push({ rule, what })
  }
  const isMember = (board: Board): boolean => members.some((member) => member.board === board)
  const undecided = new Set([...stage.twoTongued].filter((board) => !isMember(board)).map((board) => board.spec.id))
  add(
    'documents-equal',
    different(members, ({ state }) => documentsOf(state, undecided)),
  )
  add(
    'views-equal',
    different(members, ({ state }) => viewOf(state.view, undecided)),
  )
  add(
    'plans-equal',
    different(members, ({ state }) => planOf(state)),
  )
  add('wanted-runs-once', wantedNotOnce(stage, members, first.state))
  add('form-in-force', wrongForms(stage, members, first.state))
  add('unwanted-stopped', unwanted(stage, members, first.state, pool))
  add('drained', undrained(stage, members, first.state))
  add('wishes-done', unheeded(members))
  add(
    'only-genuine',
    members.flatMap(({ board, state }) => stage.witness.rules.authors.forgedAt(board, state)),
  )
  add('last-word-holds', forgottenWords(stage, members))
  add('nothing-lost', lost(stage, members))
  return found
}

/** The boards that are not evicted, as one of them sees it: if they do not agree, their documents differ anyway. */
function membersOf(stage: Stage, pool: string): Member[] {
  const running = [...stage.world.boards.values()].flatMap((board) => {
    const state = board.core?.state
    return state == null || board.spec.pool !== pool ? [] : [{ board, state }]
  })
  const judge = running.find(({ board, state }) => state.view.nodes.get(board.spec.id)?.evicted !== true)
  return running.filter(({ board }) => judge?.state.view.nodes.get(board.spec.id)?.evicted !== true)
}

/**
 * `undecided`: boards that signed two different things as one and left, or were evicted, before they wrote anew. Each half keeps what it
 * heard, takes nothing more of them, and nobody else may say which it is.
 */
export function documentsOf(state: State, undecided: ReadonlySet<NodeId> = new Set()): string {
  return [...state.docs.values()]
    .filter((doc) => doc.kind !== 'node' || !undecided.has(doc.id.slice('node/'.length) as NodeId))
    .map((doc) => `${doc.id}=${doc.digest}`)
    .toSorted()
    .join(' ')
}

/** Who fell silent and who was never heard of differs from board to board as long as they are evicted: nobody acts on it. */
function viewOf(view: View, undecided: ReadonlySet<NodeId>): string {
  const known = [...view.nodes].filter(([id]) => !undecided.has(id))
  const nodes = new Map(known.map(([id, node]) => [id, node.evicted ? { ...node, liveness: 'left' as const } : node]))
  const claims = new Map([...view.claims].map(([slot, all]) => [slot, all.filter(({ node }) => !undecided.has(node))]))
  return viewHash(chaosCrypto, { ...view, nodes, claims: undecided.size === 0 ? view.claims : claims })
}

function planOf(state: State): string {
  return (state.plan?.slots ?? []).map((slot) => slotText(slot)).join('\n')
}

function standingText({ slot, standing: { heir, holder } }: SlotPlan): string {
  return `${slot} ${heir?.node} ${heir?.generation} ${holder?.node} ${holder?.generation}`
}

function slotText({ slot, standing, candidate, reason, update }: SlotPlan): string {
  const name = (claim: { node: NodeId; generation: number } | null): string => (claim === null ? '-' : `${claim.node}/${claim.generation}`)
  return `${slot}: heir ${name(standing.heir)}, holder ${name(standing.holder)}, candidate ${candidate}, ${reason}, update ${update}`
}

function different(members: readonly Member[], textOf: (member: Member) => string): string[] {
  const groups = new Map<string, string[]>()
  for (const member of members) {
    const text = textOf(member)
    groups.set(text, [...(groups.get(text) ?? []), member.board.spec.name])
  }
  if (groups.size <= 1) return []
  const [one = '', other = ''] = [...groups.keys()].map((text) => text)
  const [left, right] = [one.split(/[\n ](?=node\/|job\/|ops\/|default\/)/), other.split(/[\n ](?=node\/|job\/|ops\/|default\/)/)]
  const parts = left.filter((part) => !right.includes(part)).concat(right.filter((part) => !left.includes(part)))
  return [`${[...groups.values()].map((names) => names.join('+')).join(' | ')}: ${parts.slice(0, 4).join(' <> ')}`]
}

/** A copy that shall run. */
interface Wanted {
  readonly slot: SlotId
  readonly group: GroupSpec
  readonly job: JobId
}

function wantedGroups(state: State): Wanted[] {
  const found: Wanted[] = []
  for (const job of state.view.jobs.values()) {
    if (job.desired !== 'run') continue
    for (const group of job.spec?.groups ?? [])
      for (let index = 0; index < group.count; index++) found.push({ slot: slotId(job.id, group.name, index), group, job: job.id })
  }
  return found
}

function runnersOf(stage: Stage, slot: SlotId): string[] {
  return [...stage.world.boards.values()]
    .filter((board) => [...board.tasks.values()].some((task) => task.slot === slot))
    .map((board) => board.spec.name)
}

function wantedNotOnce(stage: Stage, members: readonly Member[], state: State): string[] {
  return wantedGroups(state).flatMap((wanted) => {
    const { slot } = wanted
    const runners = runnersOf(stage, slot)
    if (runners.length === 1) return []
    if (runners.length > 1) return [`${slot} runs on ${runners.join(', ')}`]
    const room = members.filter((member) => fits(stage, member, wanted, state))
    if (room.length === 0) return []
    const reason = state.plan?.bySlot.get(slot)?.reason ?? 'no reason'
    return [`${slot} runs nowhere (${reason}) and fits on ${room.map(({ board }) => board.spec.name).join(', ')}`]
  })
}

/** Counted from what really runs, by the simplest rules: what the plan thinks of it is not asked. `without` makes room. */
function fits(stage: Stage, { board }: Member, { group, job }: Wanted, { view }: State, without: string | null = null): boolean {
  const node = view.nodes.get(board.spec.id)
  const { capacity } = board.spec
  if (node === undefined || capacity === undefined || node.draining || !node.eligible) return false
  const { spec = null } = view.jobs.get(job) ?? {}
  if (!isAskedFor(spec, group, { ...node, labels: board.spec.labels ?? {} })) return false
  const others = [...board.tasks.values()].filter((task) => task.alloc !== without)
  const apart = apartness(spec, group)
  const own = apart === 'job' ? `${job}/` : `${job}/${group.name}/`
  if (apart !== null && others.some((task) => task.slot.startsWith(own))) return false
  const bound = new Set(others.flatMap((task) => Object.values(task.ports)))
  if (group.network.ports.some((port) => port.static !== null && bound.has(port.static))) return false
  const used = usedOn(others, stage.witness.asks)
  for (const task of group.tasks) {
    used.cpuMhz += task.resources.cpuMhz
    used.memoryMib += task.resources.memoryMib
  }
  return used.cpuMhz <= capacity.cpuMhz && used.memoryMib <= capacity.memoryMib && used.diskMib + group.diskMib <= capacity.diskMib
}

/**
 * Where the new version fits neither in place nor anywhere else, the old one goes on; and the roll-out waits for it, since copies are
 * updated in the order of their indexes.
 */
function wrongForms(stage: Stage, members: readonly Member[], state: State): string[] {
  const stuck = new Set<string>()
  const found: { readonly group: string; readonly reason: string; readonly what: string }[] = []
  for (const wanted of wantedGroups(state)) {
    const { slot, group, job } = wanted
    const key = `${job}/${group.name}`
    const form = state.view.jobs.get(job)?.forms.get(group.name)
    const copies = members.flatMap(({ board }) => [...board.tasks.values()].filter((task) => task.slot === slot))
    const [wrong] = copies.filter((task) => task.form !== form)
    if (wrong === undefined && copies.length > 0) continue
    const room = members.filter((member) => fits(stage, member, wanted, state, wrong?.alloc ?? null))
    if (room.length === 0) stuck.add(key)
    if (wrong === undefined || room.length === 0) continue
    const reason = state.plan?.bySlot.get(slot)?.reason ?? 'no reason'
    const names = room.map(({ board }) => board.spec.name).join(', ')
    found.push({ group: key, reason, what: `${slot} runs at another form than the one in force (${reason}), which fits on ${names}` })
  }
  return found.filter(({ group, reason }) => reason !== 'rollout-waits' || !stuck.has(group)).map(({ what }) => what)
}

function unwanted(stage: Stage, members: readonly Member[], state: State, pool: string): string[] {
  const wanted = new Set(wantedGroups(state).map(({ slot }) => slot))
  const boards = [...stage.world.boards.values()].filter((board) => board.spec.pool === pool)
  return boards.flatMap((board) => {
    const isMember = members.some((member) => member.board === board)
    return [...board.tasks.values()]
      .filter((task) => !isMember || !wanted.has(task.slot))
      .map((task) => `${board.spec.name}${isMember ? '' : ' (evicted)'} runs ${task.slot}`)
  })
}

function undrained(stage: Stage, members: readonly Member[], state: State): string[] {
  return wantedGroups(state).flatMap((wanted) => {
    const { slot } = wanted
    const [on] = members.filter(({ board }) => [...board.tasks.values()].some((task) => task.slot === slot))
    if (on === undefined || state.view.nodes.get(on.board.spec.id)?.draining !== true) return []
    const room = members.filter((member) => member !== on && fits(stage, member, wanted, state))
    return room.length === 0
      ? []
      : [`${on.board.spec.name} drains and runs ${slot}, which fits on ${room.map(({ board }) => board.spec.name).join(', ')}`]
  })
}

function unheeded(members: readonly Member[]): string[] {
  return members.flatMap(({ board, state }) =>
    [...state.allocs.values()].flatMap(({ slot, generation, restartSeen }) => {
      const wish = state.view.jobs.get(slotParts(slot).job)?.wishes.get(slot)
      if (wish === undefined) return []
      const isOver = generation > wish.stopGeneration && restartSeen >= wish.restart
      return isOver
        ? []
        : [`${board.spec.name} still runs generation ${generation} of ${slot}, restarted for wish ${restartSeen} of ${wish.restart}`]
    }),
  )
}

/** What only a board had that was evicted before it could pass it on stays with it: nothing is taken from it any more. */
function lost(stage: Stage, members: readonly Member[]): string[] {
  const names = new Set(members.map(({ board }) => board.spec.name))
  return stage.witness.acknowledgements.flatMap(({ hash, doc, via, at }) =>
    (names.has(via) ? members : [])
      .filter(({ state }) => state.docs.get(doc)?.envelopes.some((ref) => ref.hash === hash) !== true)
      .map(({ board }) => `${board.spec.name} has not got the change of ${doc} that ${via} acknowledged at ${at}`),
  )
}

function forgottenWords(stage: Stage, members: readonly Member[]): string[] {
  const found: string[] = []
  const expected = stage.witness.lastWords.expected(new Set(members.map(({ board }) => board.spec.name)))
  for (const [doc, values] of expected) {
    const desired = values.get(jobPaths.desired)
    const job = doc.startsWith('job/') ? (doc.slice('job/'.length) as JobId) : null
    for (const { board, state } of members) {
      const registers = state.docs.get(doc)?.registers
      const wrong = [...values].find(([path, value]) => (registers?.get(path) ?? null) !== value)
      if (wrong !== undefined)
        found.push(`${board.spec.name}: ${doc} says ${wrong[0]} ${String(registers?.get(wrong[0]))}, not ${String(wrong[1])}`)
      else if (job !== null && desired !== undefined && state.view.jobs.get(job)?.desired !== desired)
        found.push(`${board.spec.name} does not see that ${job} is ${String(desired)}`)
    }
  }
  return found
}

/** The `always` rules about views and plans, looked at now and then: whoever is about to look again anyway is left out. */
export function viewsThatDiffer(stage: Stage): Finding[] {
  const byWhatTheyKnow = new Map<string, { readonly hash: string; readonly name: string }>()
  const found: Finding[] = []
  const standings = new Map<string, string>()
  for (const board of stage.world.boards.values()) {
    const state = board.core?.state
    if (state == null || state.viewStale || state.lookAt !== null) continue
    const known = `${board.spec.pool} ${documentsOf(state)} ${[...state.view.nodes.values()]
      .map((node) => `${node.id}:${node.liveness}`)
      .toSorted()
      .join(' ')}`
    const hash = viewHash(chaosCrypto, state.view)
    const other = byWhatTheyKnow.get(known)
    if (other !== undefined && other.hash !== hash)
      found.push({ rule: 'view-of-documents', what: `${other.name} and ${board.spec.name} see different things in the same documents` })
    if (!state.planStale && [...state.view.nodes.values()].every((node) => node.liveness === 'alive' || node.evicted)) {
      const text = (state.plan?.slots ?? []).map((slot) => standingText(slot)).join('\n')
      const before = standings.get(hash)
      if (before !== undefined && before !== text)
        found.push({ rule: 'plan-of-view', what: `${board.spec.name} and another board see different heirs or holders in the same view` })
      standings.set(hash, text)
    }
    byWhatTheyKnow.set(known, { hash, name: board.spec.name })
  }
  return found
}
