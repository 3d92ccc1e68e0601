// The `finally` rules: what must be true of the whole fleet once all faults have ended and time has passed. Each function returns what
// contradicts its rule, in words; nothing means that it holds.

import { type JobId, type NodeId, fleetDocId, opsDocId, slotParts } from '../../crdt/ids.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { opsFromRegisters } from '../../crdt/documents/ops.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { Scalar } from '../../crdt/registers.ts'
import type { NodeView, View } from '../../crdt/view.ts'
import { viewHash } from '../../crdt/view-hash.ts'
import type { Plan, SlotPlan } from '../../scheduler/types.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import type { Acknowledged } from './acknowledged.ts'
import { heldOutside } from './core-rules.ts'
import { chaosCrypto } from './crypto.ts'
import type { Finding, Rule } from './invariants.ts'
import { type Knowledge, type RestingBoard, findingsAtRest } from './rest.ts'
import type { Stage } from './stage.ts'

/** A board that belongs to the fleet, and what it knows. */
interface Member {
  readonly board: Board
  readonly state: State
}

/** Of a core, if there is one: boards outside are held to the `always` rules alone. */
export function findingsAtEnd(stage: Stage): Finding[] {
  const pools = new Set([...stage.world.boards.values()].map((board) => board.spec.pool ?? 'default'))
  return [
    ...[...pools].flatMap((pool) => findingsIn(stage, pool)),
    ...fleetsThatDiffer([...pools].flatMap((pool) => membersOf(stage, pool))),
  ]
}

/** Inside a pool `documents-equal` tells of it as well. */
function fleetsThatDiffer(members: readonly Member[]): Finding[] {
  const [first, ...others] = members
  const digestOf = ({ state }: Member): string | undefined => state.docs.get(fleetDocId)?.digest
  return others
    .filter((other) => first !== undefined && digestOf(other) !== digestOf(first))
    .map(({ board }) => ({
      rule: 'fleet-document-equal',
      what: `${board.spec.name} has another fleet document than ${first?.board.spec.name}`,
    }))
}

function findingsIn(stage: Stage, pool: string): Finding[] {
  const members = membersOf(stage, pool)
  const boards = [...stage.world.boards.values()].filter((board) => board.spec.pool === pool && !stage.outside.has(board))
  const memberOf = (board: Board): Member | undefined => members.find((member) => member.board === board)
  const undecided = new Set([...stage.twoTongued].filter((board) => memberOf(board) === undefined).map((board) => board.spec.id))
  const wishes = (id: NodeId) => opsFromRegisters(members[0]?.state.docs.get(opsDocId(id))?.registers ?? new Map<string, Scalar>())
  const found = findingsAtRest(
    boards.map((board) => resting({ stage, board, member: memberOf(board), labels: wishes(board.spec.id).labels, undecided })),
    members[0] === undefined ? new Set() : heldOutside(stage, members[0].state),
  )
  const add = (rule: Rule, whats: readonly string[]): void => {
    for (const what of whats) found.push({ rule, what })
  }
  add('wishes-done', unheeded(members))
  add(
    'only-genuine',
    members.flatMap(({ board, state }) => stage.witness.rules.authors.forgedAt(board, state)),
  )
  add('leaves-at-last', unfinishedLeaves(stage, members))
  add('last-word-holds', forgottenWords(stage, members))
  add('nothing-lost', lost(stage, members))
  return found
}

interface Resting {
  readonly stage: Stage
  readonly board: Board
  readonly member: Member | undefined
  /** By operators, such as those of the board whose place it has taken. */
  readonly labels: Readonly<Record<string, string>>
  readonly undecided: ReadonlySet<NodeId>
}

function resting({ stage, board, member, labels, undecided }: Resting): RestingBoard {
  const { name, id, capacity } = board.spec
  return {
    name,
    id,
    capacity,
    labels: { ...board.spec.labels, ...labels },
    tasks: [...board.tasks.values()],
    asks: stage.witness.asks,
    knows: member === undefined ? null : knowledge(stage, member, undecided),
  }
}

function knowledge({ outside }: Stage, { state }: Member, undecided: ReadonlySet<NodeId>): Knowledge {
  const silent = new Set([...outside].map(({ spec }) => spec.id))
  return {
    view: state.view,
    documentsText: () => documentsOf(state, undecided),
    viewText: () => viewOf(state.view, undecided, silent),
    planText: () => (state.plan === null ? '' : planOf(state.plan)),
    reasonOf: (slot) => state.plan?.bySlot.get(slot)?.reason ?? null,
  }
}

/** The boards that are not evicted, as one of them sees it (if they do not agree, their documents differ anyway): none if each is evicted. */
function membersOf(stage: Stage, pool: string): Member[] {
  const running = [...stage.world.boards.values()].flatMap((board) => {
    const state = board.core?.state
    return state == null || board.spec.pool !== pool || stage.outside.has(board) ? [] : [{ board, state }]
  })
  const judge = running.find(({ board, state }) => state.view.nodes.get(board.spec.id)?.evicted !== true)
  return judge === undefined ? [] : running.filter(({ board }) => judge.state.view.nodes.get(board.spec.id)?.evicted !== true)
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

/**
 * Who fell silent and who was never heard of differs from board to board as long as they are evicted: nobody acts on it. So it does for
 * boards outside the core (`silent`): whoever has booted since has never heard them. What follows from it may not differ: `plans-equal`.
 */
function viewOf(view: View, undecided: ReadonlySet<NodeId>, silent: ReadonlySet<NodeId>): string {
  const known = [...view.nodes].filter(([id]) => !undecided.has(id))
  const seenAs = (node: NodeView): NodeView['liveness'] => {
    if (node.evicted) return 'left'
    return node.liveness === 'unheard' && silent.has(node.id) ? 'disconnected' : node.liveness
  }
  const nodes = new Map(known.map(([id, node]) => [id, { ...node, liveness: seenAs(node) }]))
  const claims = new Map([...view.claims].map(([slot, all]) => [slot, all.filter(({ node }) => !undecided.has(node))]))
  return viewHash(chaosCrypto, { ...view, nodes, claims: undecided.size === 0 ? view.claims : claims })
}

export function planOf({ slots }: Plan): string {
  return slots.map((slot) => slotText(slot)).join('\n')
}

function standingText({ slot, standing: { heir, holder } }: SlotPlan): string {
  return `${slot} ${heir?.node} ${heir?.generation} ${holder?.node} ${holder?.generation}`
}

function slotText({ slot, standing, candidate, reason, update }: SlotPlan): string {
  const name = (claim: { node: NodeId; generation: number } | null): string => (claim === null ? '-' : `${claim.node}/${claim.generation}`)
  return `${slot}: heir ${name(standing.heir)}, holder ${name(standing.holder)}, candidate ${candidate}, ${reason}, update ${update}`
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

function unfinishedLeaves({ witness }: Stage, members: readonly Member[]): string[] {
  const found: string[] = []
  const told = witness.leaving.told(members.map(({ board }) => board))
  for (const { board, state } of members) {
    const { name, id, pool } = board.spec
    if (state.view.nodes.get(id)?.leaving !== undefined && board.tasks.size === 0)
      found.push(`${name} is to leave, runs nothing and is there`)
    for (const other of told) {
      const node = state.view.nodes.get(other.spec.id)
      if (other.spec.pool === pool && node?.evicted !== true && node?.liveness !== 'left')
        found.push(`${name} does not know that ${other.spec.name} has left`)
    }
  }
  return found
}

/** What only a board had that was evicted before it could pass it on stays with it: nothing is taken from it any more. */
function lost(stage: Stage, members: readonly Member[]): string[] {
  const { acknowledgements, leaving } = stage.witness
  const isHeard = ({ spec }: Board): boolean => members[0]?.state.view.nodes.get(spec.id)?.evicted === false
  const left = leaving
    .told(members.map(({ board }) => board))
    .filter((board) => board.spec.pool === members[0]?.board.spec.pool && isHeard(board))
  const kept = acknowledgements.keptBy(new Set([...members.map(({ board }) => board), ...left]))
  return kept.flatMap((change) =>
    members
      .filter(({ state }) => isMissing(change, state.docs.get(change.doc)))
      .map(
        ({ board }) =>
          `${board.spec.name} has not got the change of ${change.doc} that ${change.via.spec.name} acknowledged at ${change.at}`,
      ),
  )
}

/** Of a later epoch it is a part, or that was begun without knowing of it. */
function isMissing({ hash, epoch }: Acknowledged, known: Doc | undefined): boolean {
  return known === undefined || (known.epoch <= epoch && !known.envelopes.some((ref) => ref.hash === hash))
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
    // It follows the plan that it knows, which another board does not.
    if (state.view.fleet.planVersion > state.planVersion) stage.witness.saw('plan-unknown')
    else if (!state.planStale && [...state.view.nodes.values()].every((node) => node.liveness === 'alive' || node.evicted)) {
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
