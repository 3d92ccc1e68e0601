// What operators of a scenario order: as the CLI does, each order is a change of a document, signed and handed to one board.

import { jobPaths, stopGenerationPath } from '../../crdt/documents/job.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { type DocId, jobDocId, opsDocId, slotParts } from '../../crdt/ids.ts'
import type { Board } from '../board.ts'
import type { Change, Operator } from '../operator.ts'
import type { World } from '../world.ts'
import { ordered } from './ordered.ts'
import { type Record, idOf, poolOf } from './record.ts'
import type { Scenario, ScenarioAction } from './scenario.ts'

export interface Stage {
  readonly scenario: Scenario
  readonly world: World
  readonly operator: Operator
  readonly record: Record
}

type Order = Extract<ScenarioAction, { via: string | null }>
type Wish = Extract<Order, { boards: unknown }>

/** In each pool that it is about, at the board that was named, or at the first of the pool that runs. */
export function order(stage: Stage, event: Order): void {
  const { world, record } = stage
  for (const pool of poolsOf(stage, event)) {
    const isThere = (board: Board): boolean => poolOf(board) === pool && board.core !== null
    const board = event.via === null ? [...world.boards.values()].find(isThere) : world.board(event.via)
    if (board === undefined || board.core === null)
      record.note(record.now(world), `${event.via ?? 'every board'} is down: nobody took the order`)
    else obey(stage, board, pool, event)
  }
}

function poolsOf({ world, record, scenario }: Stage, event: Order): Iterable<string> {
  switch (event.kind) {
    case 'run':
      return [event.spec.pool]
    case 'drain':
    case 'undrain':
    case 'eligible':
    case 'ineligible':
    case 'evict':
    case 'unevict':
      return new Set(event.boards.map((name) => poolOf(world.board(name))))
    case 'stop':
    case 'remove':
    case 'scale':
    case 'stop-copy': {
      if (event.via !== null) return [poolOf(world.board(event.via))]
      const job = event.kind === 'stop-copy' ? slotParts(event.slot).job : event.job
      const pools = new Set(record.ordered.filter((want) => want.job === job).map(({ pool }) => pool))
      // Whoever is asked first says that nobody knows it.
      return pools.size > 0 ? pools : scenario.boards.slice(0, 1).map(({ pool }) => pool)
    }
  }
}

function obey(stage: Stage, board: Board, pool: string, event: Order): void {
  const { world, record } = stage
  switch (event.kind) {
    case 'run':
      record.wants(record.now(world), event.spec)
      return put(stage, board, jobDocId(idOf(event.spec)), pool, ordered(event.spec, world.wallMs))
    case 'stop':
    case 'remove': {
      const job = board.core?.state?.view.jobs.get(event.job)
      if (job === undefined) return record.note(record.now(world), `${board.spec.name} does not know ${event.job}: nobody took the order`)
      record.wantsNoMore(record.now(world), event.job, pool)
      const desired = event.kind === 'stop' ? 'stopped' : 'removed'
      return put(stage, board, jobDocId(event.job), pool, () => new Map([[jobPaths.desired, desired]]))
    }
    case 'scale':
      return scale(stage, board, pool, event)
    case 'stop-copy':
      return stopCopy(stage, board, pool, event)
    default:
      for (const name of event.boards) {
        if (poolOf(world.board(name)) !== pool) continue
        put(stage, board, opsDocId(world.board(name).spec.id), pool, () => wishes[event.kind])
      }
  }
}

/** What is written of a board. */
const wishes: Readonly<globalThis.Record<Wish['kind'], ReadonlyMap<string, boolean>>> = {
  drain: new Map([[opsPaths.draining, true]]),
  undrain: new Map([[opsPaths.draining, false]]),
  eligible: new Map([[opsPaths.eligible, true]]),
  ineligible: new Map([[opsPaths.eligible, false]]),
  evict: new Map([[opsPaths.evicted, true]]),
  unevict: new Map([[opsPaths.evicted, false]]),
}

/** As `job scale` would: the job as that board has it, with another count. */
function scale(stage: Stage, board: Board, pool: string, { job, group, count }: Extract<Order, { kind: 'scale' }>): void {
  const { world, record } = stage
  const spec = board.core?.state?.view.jobs.get(job)?.spec
  if (spec == null || !spec.groups.some(({ name }) => name === group))
    return record.note(record.now(world), `${board.spec.name} does not know ${job}/${group}: nobody took the order`)
  const scaled = { ...spec, groups: spec.groups.map((one) => (one.name === group ? { ...one, count } : one)) }
  record.wants(record.now(world), scaled)
  put(stage, board, jobDocId(job), pool, ordered(scaled, world.wallMs))
}

/** As `alloc stop` does: the generation that runs is to go, and the slot is placed anew. */
function stopCopy(stage: Stage, board: Board, pool: string, { slot }: Extract<Order, { kind: 'stop-copy' }>): void {
  const { world, record } = stage
  const { job, group, index } = slotParts(slot)
  const newest = Math.max(0, ...(board.core?.state?.view.claims.get(slot) ?? []).map(({ generation }) => generation))
  if (newest === 0) return record.note(record.now(world), `${board.spec.name} knows no copy of ${slot}: nobody took the order`)
  put(stage, board, jobDocId(job), pool, () => new Map([[stopGenerationPath(group, index), newest]]))
}

export function put({ world, operator, record }: Stage, board: Board, doc: DocId, pool: string, change: Change): void {
  const reply = operator.put(world, board, doc, pool, change)
  if (reply?.kind === 'error') record.note(record.now(world), `${board.spec.name} refused: ${reply.code} ${reply.message}`)
}
