// A tiny state-space explorer for one slot: nodes act on views of one another that may be stale, in every order, with at most
// one fault. It carries out the scheduler's actions at once and does not model time: what holds here holds for any timing.

import type { GroupSpec } from '../../crdt/spec.ts'
import type { Claim, ClaimState, NodeView, View } from '../../crdt/view.ts'
import { actions } from '../../scheduler/actions.ts'
import { plan } from '../../scheduler/plan.ts'
import type { Action } from '../../scheduler/types.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeVerdict, makeView, node, slotOf, version } from './view.ts'

export type Fault = 'none' | 'task-fails' | 'node-dies' | 'cut'

export interface Start {
  readonly state: ClaimState
  readonly generation: number
  /** Older than the one in force. */
  readonly old?: boolean
  readonly startedAt?: number
}

export interface Scenario {
  readonly boards: readonly { readonly weight?: number; readonly draining?: boolean; readonly claim?: Start }[]
  readonly disconnect: GroupSpec['disconnect']
  readonly fault: Fault
  /** The board that the fault hits. */
  readonly victim?: number
}

/** What a board has written: null = no claim yet. Plain JSON: states are compared by their text. */
interface Written {
  readonly state: ClaimState
  readonly generation: number
  readonly form: string
  readonly startedAt: number
  readonly over: readonly (readonly [number, number])[]
  readonly failures: number
}

interface World {
  readonly docs: readonly (Written | null)[]
  /** seen[observer][author] */
  readonly seen: readonly (readonly (Written | null)[])[]
  readonly fault: 'due' | 'on' | 'over'
  /** Boards whose copy ended by the fault, not by a decision. */
  readonly crashed: number
}

export interface Exploration {
  readonly states: number
  /** In words, each with the state in which it happened. */
  readonly broken: readonly string[]
  /** Boards that run in the states in which nothing can happen any more. */
  readonly endings: readonly (readonly number[])[]
}

const force = form('f2')
const old = form('f1')

export function explore(scenario: Scenario): Exploration {
  const first = startOf(scenario)
  const known = new Map<string, readonly string[]>()
  const endings = new Map<string, number[]>()
  const broken: string[] = []
  const memo = new Map<string, Written | null>()
  const queue: World[] = [first]
  const mustRun = running(first).length > 0
  known.set(JSON.stringify(first), [])
  while (queue.length > 0 && broken.length === 0) {
    const world = queue.pop() as World
    const next = steps(world, scenario, memo)
    const key = JSON.stringify(world)
    known.set(key, next.map((one) => JSON.stringify(one)))
    if (mustRun && running(world).length === 0 && world.crashed < 0) broken.push(`all copies stopped: ${key}`)
    if (world.docs.some((doc) => (doc?.generation ?? 0) > 6)) broken.push(`generations grow: ${key}`)
    for (const one of next) {
      const text = JSON.stringify(one)
      if (known.has(text)) continue
      known.set(text, [])
      queue.push(one)
    }
    if (next.length > 0) continue
    const ends = running(world).filter((i) => !isDead(i, world, scenario))
    endings.set(JSON.stringify(ends), ends)
    const mayBeNone = scenario.boards.every((board, i) => board.draining === true || isDead(i, world, scenario))
    if (ends.length > 1 || (ends.length === 0 && !mayBeNone)) broken.push(`ends with ${ends.length} copies: ${key}`)
  }
  if (broken.length === 0 && hasCycle(known, JSON.stringify(first))) broken.push('oscillates')
  return { states: known.size, broken, endings: [...endings.values()] }
}

function startOf(scenario: Scenario): World {
  const docs = scenario.boards.map(({ claim }): Written | null =>
    claim === undefined
      ? null
      : { state: claim.state, generation: claim.generation, form: claim.old === true ? old : force, startedAt: claim.startedAt ?? (claim.state === 'running' ? claim.generation : 0), over: [], failures: 0 }
  )
  // Each knows only itself: that everybody knows everything is reached from here by deliveries alone.
  const seen = docs.map((_, observer) => docs.map((doc, author) => (observer === author ? doc : null)))
  return { docs, seen, fault: scenario.fault === 'none' ? 'over' : 'due', crashed: -1 }
}

function running(world: World): number[] {
  return world.docs.flatMap((doc, i) => (doc?.state === 'running' ? [i] : []))
}

function isDead(i: number, world: World, scenario: Scenario): boolean {
  return scenario.fault === 'node-dies' && world.fault !== 'due' && i === scenario.victim
}

function isCut(a: number, b: number, world: World, scenario: Scenario): boolean {
  return scenario.fault === 'cut' && world.fault === 'on' && a !== b && (a === scenario.victim || b === scenario.victim)
}

function steps(world: World, scenario: Scenario, memo: Map<string, Written | null>): World[] {
  const next: World[] = []
  for (const [observer, row] of world.seen.entries()) {
    if (isDead(observer, world, scenario)) continue
    for (const [author, doc] of world.docs.entries()) {
      if (observer === author || isCut(observer, author, world, scenario) || JSON.stringify(row[author]) === JSON.stringify(doc)) continue
      next.push(withSeen(world, observer, author, doc))
    }
    const doc = act(observer, world, scenario, memo)
    if (JSON.stringify(doc) !== JSON.stringify(world.docs[observer])) next.push(withDoc(world, observer, doc))
  }
  next.push(...faultSteps(world, scenario))
  return next
}

function faultSteps(world: World, scenario: Scenario): World[] {
  const victim = scenario.victim ?? 0
  if (scenario.fault === 'cut' && world.fault === 'on') return [{ ...world, fault: 'over' }]
  if (world.fault !== 'due') return []
  if (scenario.fault === 'cut') return [{ ...world, fault: 'on' }]
  if (scenario.fault === 'node-dies') return [{ ...world, fault: 'over', crashed: victim }]
  const doc = world.docs[victim]
  if (doc?.state !== 'running') return []
  return [{ ...withDoc(world, victim, { ...doc, state: 'failed', failures: doc.failures + 1 }), fault: 'over', crashed: victim }]
}

function withSeen(world: World, observer: number, author: number, doc: Written | null): World {
  return { ...world, seen: world.seen.map((row, o) => (o === observer ? row.map((one, a) => (a === author ? doc : one)) : row)) }
}

function withDoc(world: World, author: number, doc: Written | null): World {
  return withSeen({ ...world, docs: world.docs.map((one, i) => (i === author ? doc : one)) }, author, author, doc)
}

/** What the board's document is after it carried out what the scheduler asks of it on its own view. */
function act(self: number, world: World, scenario: Scenario, memo: Map<string, Written | null>): Written | null {
  const silent = world.docs.map((_, i) => isDead(i, world, scenario) || isCut(self, i, world, scenario))
  const key = JSON.stringify([self, silent, world.seen[self]])
  const found = memo.get(key)
  if (found !== undefined) return found
  const view = viewOf(self, world, silent, scenario)
  const ages = Object.fromEntries(silent.flatMap((is, i) => (is ? [[nameOf(i), 120_000]] : [])))
  const local = makeLocal(nameOf(self), { silent: ages, failedSince: new Map([[slotOf(0), 0]]), now: 1_000_000_000 })
  let doc = world.docs[self] ?? null
  for (const action of actions(view, plan(view, local), local)) doc = carryOut(action, doc)
  memo.set(key, doc)
  return doc
}

function carryOut(action: Action, doc: Written | null): Written | null {
  if (action.kind === 'claim') return { state: 'claimed', generation: action.generation, form: force, startedAt: 0, over: [], failures: doc?.failures ?? 0 }
  if (doc === null) return doc
  switch (action.kind) {
    case 'withdraw':
      return { ...doc, state: 'withdrawn' }
    case 'stop':
      return { ...doc, state: 'stopped' }
    case 'start':
      return { ...doc, state: 'running', startedAt: doc.startedAt === 0 ? doc.generation : doc.startedAt }
    case 'update':
      return { ...doc, form: action.form }
    case 'over':
      return { ...doc, over: [...action.over].map(([id, generation]) => [Number(id.slice(1)), generation]) }
    default:
      return doc
  }
}

function viewOf(self: number, world: World, silent: readonly boolean[], scenario: Scenario): View {
  const claims: Claim[] = []
  const nodes: NodeView[] = []
  for (const [i, doc] of (world.seen[self] ?? []).entries()) {
    const board = scenario.boards[i] ?? {}
    const verdicts = doc !== null && doc.failures > 0 ? [[slotOf(0), [makeVerdict({ form: force, failures: doc.failures, generation: doc.generation })]] as const] : []
    const liveness = silent[i] === true ? 'disconnected' : 'alive'
    nodes.push(makeNode(nameOf(i), { weight: board.weight ?? 0, draining: board.draining ?? false, liveness, verdicts: new Map(verdicts) }))
    if (doc === null) continue
    const over = new Map(doc.over.map(([other, generation]) => [node(nameOf(other)), generation]))
    const { state, generation, startedAt } = doc
    claims.push(makeClaim(nameOf(i), { state, generation, startedAt, over, form: form(doc.form), version: version(doc.form === force ? 2 : 1) }))
  }
  const group = makeGroup({ disconnect: scenario.disconnect })
  return makeView({ nodes, claims, jobs: [makeJob({ groups: [group], form: force, version: version(2) })] })
}

function nameOf(i: number): string {
  return `n${i}`
}

/** A cycle of states means that something can go on for ever: deliveries alone only ever add knowledge. */
function hasCycle(edges: ReadonlyMap<string, readonly string[]>, first: string): boolean {
  const done = new Set<string>()
  const path = new Set<string>()
  const stack: { key: string; next: number }[] = [{ key: first, next: 0 }]
  path.add(first)
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as { key: string; next: number }
    const to = edges.get(top.key)?.[top.next++]
    if (to === undefined) {
      stack.pop()
      path.delete(top.key)
      done.add(top.key)
    } else if (path.has(to)) {
      return true
    } else if (!done.has(to)) {
      path.add(to)
      stack.push({ key: to, next: 0 })
    }
  }
  return false
}
