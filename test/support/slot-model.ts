// A tiny state-space explorer for one slot: boards act on views of one another that may be stale, in every order, with at most
// one fault. It carries out the scheduler's actions at once and does not model time: what holds here holds for any timing.
// A world is a few small integers (what boards wrote is numbered), so that hundreds of thousands fit into seconds.

import type { GroupSpec } from '../../crdt/spec.ts'
import type { Claim, ClaimState, NodeView, View } from '../../crdt/view.ts'
import { actions } from '../../scheduler/actions.ts'
import { plan } from '../../scheduler/plan.ts'
import type { Action, Local } from '../../scheduler/types.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeVerdict, makeView, node, slotOf, version } from './view.ts'

export type Fault = 'none' | 'task-fails' | 'node-dies' | 'cut'

export interface Start {
  readonly state: ClaimState
  readonly generation: number
  /** At the form before the one in force. */
  readonly old?: boolean
}

export interface Scenario {
  /** Each knows only itself at the start: that all know everything is reached from there by deliveries alone. */
  readonly boards: readonly { readonly weight?: number; readonly draining?: boolean; readonly claim?: Start | undefined }[]
  readonly disconnect: GroupSpec['disconnect']
  readonly fault: Fault
  /** The board that the fault hits, at any moment. */
  readonly victim?: number
  /** For planted bugs: replaces `actions`. */
  readonly decide?: (view: View, local: Local) => readonly Action[]
}

export interface Exploration {
  readonly states: number
  /** In words, with the world in which it happened; exploring ends at the first. */
  readonly broken: readonly string[]
  /** Boards that run where nothing can happen any more; one list for each different end. */
  readonly endings: readonly (readonly number[])[]
}

/** What a board has written about the slot. */
interface Written {
  readonly state: ClaimState
  readonly generation: number
  readonly form: 'f1' | 'f2'
  readonly startedAt: number
  readonly over: readonly (readonly [number, number])[]
  readonly failures: number
}

/** rows[observer * boards + author] = number of what the observer has of the author; on the diagonal, what the author wrote. */
interface World {
  readonly rows: readonly number[]
  readonly fault: 'due' | 'on' | 'over'
  /** The victim's copy ended by the fault, not by a decision. */
  readonly crashed: boolean
}

const force = 'f2'
const generationsMax = 6

export function explore(scenario: Scenario): Exploration {
  const model = modelOf(scenario)
  const first = model.first
  const ids = new Map<string, number>([[keyOf(first), 0]])
  const edges: number[][] = []
  const worlds = [first]
  const endings = new Map<string, number[]>()
  const mustRun = model.running(first).length > 0
  const broken: string[] = []
  for (let id = 0; id < worlds.length && broken.length === 0; id++) {
    const world = worlds[id] as World
    const running = model.running(world)
    if (mustRun && running.length === 0 && !world.crashed) broken.push(`all copies stopped: ${model.describe(world)}`)
    if (model.highestGeneration(world) > generationsMax) broken.push(`generations grow without end: ${model.describe(world)}`)
    const next = model.steps(world)
    edges.push(next.map((one) => idOf(one, ids, worlds)))
    if (next.length > 0) continue
    const ends = running.filter((i) => !model.isDead(i, world))
    endings.set(ends.join(), ends)
    if (ends.length > 1 || (ends.length === 0 && !model.mayEndEmpty(world)))
      broken.push(`ends with ${ends.length} copies: ${model.describe(world)}`)
  }
  if (broken.length === 0 && hasCycle(edges)) broken.push('oscillates')
  return { states: worlds.length, broken, endings: [...endings.values()] }
}

function keyOf(world: World): string {
  return `${world.fault}${world.crashed ? '!' : ' '}${String.fromCharCode(...world.rows)}`
}

function idOf(world: World, ids: Map<string, number>, worlds: World[]): number {
  const key = keyOf(world)
  let id = ids.get(key)
  if (id === undefined) {
    id = worlds.push(world) - 1
    ids.set(key, id)
  }
  return id
}

interface Model {
  readonly first: World
  steps(world: World): World[]
  running(world: World): number[]
  isDead(board: number, world: World): boolean
  mayEndEmpty(world: World): boolean
  highestGeneration(world: World): number
  describe(world: World): string
}

function modelOf(scenario: Scenario): Model {
  const size = scenario.boards.length
  const { number, written } = numbering()
  const acted = new Map<string, number>()
  const isDead = (board: number, world: World): boolean =>
    scenario.fault === 'node-dies' && world.fault !== 'due' && board === scenario.victim
  const isCut = (a: number, b: number, world: World): boolean =>
    scenario.fault === 'cut' && world.fault === 'on' && a !== b && (a === scenario.victim || b === scenario.victim)
  const own = (board: number, world: World): Written | null => written(world.rows[board * size + board] ?? 0)
  const act = (self: number, world: World): number => {
    const row = world.rows.slice(self * size, (self + 1) * size)
    const silent = scenario.boards.map((_, i) => isDead(i, world) || isCut(self, i, world))
    const key = [self, ...row, ...silent.map(Number)].join()
    const known = acted.get(key)
    if (known !== undefined) return known
    const result = number(decide(self, row.map(written), silent, scenario))
    acted.set(key, result)
    return result
  }
  return {
    first: { rows: firstRows(scenario, number), fault: scenario.fault === 'none' ? 'over' : 'due', crashed: false },
    isDead,
    running: (world) => scenario.boards.flatMap((_, i) => (own(i, world)?.state === 'running' ? [i] : [])),
    mayEndEmpty: (world) => scenario.boards.every((board, i) => board.draining === true || isDead(i, world)),
    highestGeneration: (world) => Math.max(...scenario.boards.map((_, i) => own(i, world)?.generation ?? 0)),
    describe: (world) => JSON.stringify({ ...world, rows: world.rows.map(written) }),
    steps(world) {
      const next: World[] = []
      for (let observer = 0; observer < size; observer++) {
        if (isDead(observer, world)) continue
        for (let author = 0; author < size; author++) {
          const wrote = world.rows[author * size + author] ?? 0
          const at = observer * size + author
          if (observer !== author && !isCut(observer, author, world) && world.rows[at] !== wrote) next.push(withRow(world, at, wrote))
        }
        const wrote = act(observer, world)
        if (wrote !== world.rows[observer * size + observer]) next.push(withRow(world, observer * size + observer, wrote))
      }
      return [...next, ...faultSteps(world, scenario, number, own)]
    },
  }
}

function numbering(): { number: (doc: Written | null) => number; written: (n: number) => Written | null } {
  const ids = new Map<string, number>([['null', 0]])
  const docs: (Written | null)[] = [null]
  return {
    written: (n) => docs[n] ?? null,
    number(doc) {
      const key = JSON.stringify(doc)
      const id = ids.get(key) ?? docs.push(doc) - 1
      ids.set(key, id)
      return id
    },
  }
}

function firstRows(scenario: Scenario, number: (doc: Written | null) => number): number[] {
  return scenario.boards.flatMap((_, observer) =>
    scenario.boards.map(({ claim }, author) => {
      if (observer !== author || claim === undefined) return 0
      const { state, generation, old } = claim
      return number({
        state,
        generation,
        form: old === true ? 'f1' : force,
        startedAt: state === 'running' ? generation : 0,
        over: [],
        failures: 0,
      })
    }),
  )
}

function withRow(world: World, at: number, value: number): World {
  return { ...world, rows: world.rows.with(at, value) }
}

type Own = (board: number, world: World) => Written | null

function faultSteps(world: World, scenario: Scenario, number: (doc: Written | null) => number, own: Own): World[] {
  const victim = scenario.victim ?? 0
  if (scenario.fault === 'cut' && world.fault === 'on') return [{ ...world, fault: 'over' }]
  if (world.fault !== 'due') return []
  if (scenario.fault === 'cut') return [{ ...world, fault: 'on' }]
  const doc = own(victim, world)
  if (scenario.fault === 'node-dies') return [{ ...world, fault: 'over', crashed: true }]
  if (doc?.state !== 'running') return [{ ...world, fault: 'over' }]
  const failed = withRow(world, victim * scenario.boards.length + victim, number({ ...doc, state: 'failed', failures: doc.failures + 1 }))
  return [{ ...failed, fault: 'over', crashed: true }]
}

/** What the board's document is after it carried out what the scheduler asks of it on its own view. */
function decide(self: number, row: readonly (Written | null)[], silent: readonly boolean[], scenario: Scenario): Written | null {
  const view = viewOf(row, silent, scenario)
  const ages = Object.fromEntries(silent.flatMap((is, i) => (is ? [[`n${i}`, 120_000]] : [])))
  const local = makeLocal(`n${self}`, { silent: ages, failedSince: new Map([[slotOf(0), 0]]), now: 1_000_000_000 })
  const asked = scenario.decide === undefined ? actions(view, plan(view, local), local) : scenario.decide(view, local)
  return asked.reduce(carryOut, row[self] ?? null)
}

function carryOut(doc: Written | null, action: Action): Written | null {
  if (action.kind === 'claim')
    return { state: 'claimed', generation: action.generation, form: force, startedAt: 0, over: [], failures: doc?.failures ?? 0 }
  if (doc === null) return doc
  switch (action.kind) {
    case 'withdraw':
      return { ...doc, state: 'withdrawn' }
    case 'stop':
      return { ...doc, state: 'stopped' }
    case 'start':
      return { ...doc, state: 'running', startedAt: doc.startedAt === 0 ? doc.generation : doc.startedAt }
    case 'update':
      return { ...doc, form: force }
    case 'over':
      return { ...doc, over: [...action.over].map(([id, generation]) => [Number(id.slice(1)), generation]) }
    default:
      return doc
  }
}

function viewOf(row: readonly (Written | null)[], silent: readonly boolean[], scenario: Scenario): View {
  const claims: Claim[] = []
  const nodes: NodeView[] = []
  for (const [i, doc] of row.entries()) {
    const board = scenario.boards[i] ?? {}
    const verdict = makeVerdict({ form: form(force), failures: doc?.failures ?? 0, generation: doc?.generation ?? 0 })
    const verdicts = new Map(verdict.failures > 0 ? [[slotOf(0), [verdict]]] : [])
    const liveness = silent[i] === true ? 'disconnected' : 'alive'
    nodes.push(makeNode(`n${i}`, { weight: board.weight ?? 0, draining: board.draining ?? false, liveness, verdicts }))
    if (doc === null) continue
    const over = new Map(doc.over.map(([other, generation]) => [node(`n${other}`), generation]))
    const { state, generation, startedAt } = doc
    claims.push(
      makeClaim(`n${i}`, { state, generation, startedAt, over, form: form(doc.form), version: version(doc.form === force ? 2 : 1) }),
    )
  }
  const group = makeGroup({ disconnect: scenario.disconnect })
  return makeView({ nodes, claims, jobs: [makeJob({ groups: [group], form: form(force), version: version(2) })] })
}

/** A cycle of worlds means that something can go on for ever: deliveries alone only ever add knowledge. */
function hasCycle(edges: readonly (readonly number[])[]): boolean {
  const state = new Uint8Array(edges.length)
  const stack: [number, number][] = [[0, 0]]
  state[0] = 1
  while (stack.length > 0) {
    const top = stack[stack.length - 1] as [number, number]
    const to = edges[top[0]]?.[top[1]++]
    if (to === undefined) {
      stack.pop()
      state[top[0]] = 2
    } else if (state[to] === 1) {
      return true
    } else if (state[to] === 0) {
      state[to] = 1
      stack.push([to, 0])
    }
  }
  return false
}
