// Rules about one board that are judged after each of its steps: what it says of itself is so, and what it does next waits as long as
// the job says. Read from its state and from what really runs; the plan is not asked.

import { isUnitShared } from '../../crdt/devices.ts'
import { migrateOf } from '../../crdt/spec.ts'
import { decodeFrame } from '../../node/core/wire.ts'
import { type Alloc, carriesCopy, isDone } from '../../node/core/allocs/alloc.ts'
import type { Board } from '../board.ts'
import { Authors, isSame } from './authors.ts'
import { BanRules } from './ban-rules.ts'
import { ClaimRules } from './claim-rules.ts'
import { Delays } from './delays.ts'
import { Drains } from './drains.ts'
import { Health } from './health.ts'
import type { Finding } from './invariants.ts'
import { Leaving } from './leaving.ts'
import { NoWayBack } from './no-way-back.ts'
import { Pacing } from './pacing.ts'
import { RemovedJobs } from './removed-jobs.ts'
import { RevokedKey } from './revoked-key.ts'
import { Returns } from './returns.ts'
import { type SeenStep, clockPart } from './seen-step.ts'
import { Settling } from './settling.ts'
import { Turns } from './turns.ts'

export class StepRules {
  readonly authors = new Authors()
  readonly bans = new BanRules()
  readonly delays = new Delays()
  readonly claims = new ClaimRules()
  readonly drains = new Drains()
  readonly health = new Health()
  readonly leaving = new Leaving()
  readonly removedJobs = new RemovedJobs()
  readonly revokedKey = new RevokedKey()
  readonly #noWayBack = new NoWayBack()
  readonly #pacing = new Pacing()
  readonly #settling = new Settling()
  readonly #returns = new Returns()
  readonly #turns = new Turns()
  /** Allocation → when this boot of its board first saw it run, and whether it said that it is healthy. */
  readonly #health = new WeakMap<Alloc, { readonly form: string; readonly restarts: number; readonly since: number; isHealthy: boolean }>()
  readonly #restartSeen = new WeakMap<Alloc, number>()
  /** Boards → until when they are behind, virtual ms. */
  readonly #behind = new Map<Board, number>()

  /** It works through its events only then. */
  behindUntil(board: Board, virtualMs: number): void {
    this.#behind.set(board, Math.max(this.#behind.get(board) ?? 0, virtualMs))
  }

  isBehind(board: Board, virtualNow: number): boolean {
    if (board.stepMs > 0) this.behindUntil(board, virtualNow + slowMs)
    return virtualNow <= (this.#behind.get(board) ?? -1)
  }

  /** What it ended, heard or was told it may not know any more. */
  forgets(board: Board): void {
    this.claims.forgets(board)
    this.lacks(board)
  }

  /** Power failed in the middle of the step. */
  stepUndone(board: Board): void {
    this.claims.stepUndone(board)
    this.lacks(board)
  }

  /** Of what it had heard, not all is on its disk. */
  lacks(board: Board): void {
    this.#noWayBack.forgets(board)
    this.removedJobs.forgets(board)
    this.revokedKey.forgets(board)
  }

  /** Of a board's clone, which nothing else is asked of. */
  afterClone(step: Pick<SeenStep, 'board' | 'state' | 'effects'>): void {
    this.authors.wrote(step)
    this.leaving.cloneStepped(step)
  }

  after(step: SeenStep): Finding[] {
    this.authors.wrote(step)
    this.drains.after(step)
    return [
      ...this.#returns.after(step),
      ...this.delays.after(step),
      ...this.claims.after(step),
      ...this.health.after(step),
      ...this.leaving.after(step),
      ...this.#sayings(step),
      ...this.#unheeded(step),
      ...this.#turns.after(step),
      ...sharedPorts(step),
      ...sharedDevices(step),
      ...toldTooSoon(step),
      ...this.bans.after(step),
      ...this.authors.taken(step),
      ...this.#settling.after(step),
      ...this.#pacing.after(step),
      ...this.#noWayBack.after(step),
      ...this.removedJobs.after(step),
      ...this.revokedKey.after(step),
    ]
  }

  #sayings({ board, state, now, isBehind }: SeenStep): Finding[] {
    const found: Finding[] = []
    for (const alloc of state.allocs.values()) {
      if (alloc.state !== 'running' || alloc.ending !== null) continue
      const [gone] = [...alloc.body.tasks.values()].filter((task) => carriesCopy(task) && !board.tasks.has(task.id) && !isDone(task))
      if (gone !== undefined && !isBehind)
        found.push({ rule: 'says-what-runs', what: `${board.spec.name} says that ${alloc.slot} runs, and ${gone.spec.name} does not` })
      const health = this.#healthOf(alloc, now)
      const wasUnhealthy = !health.isHealthy
      health.isHealthy = alloc.healthy
      const { group } = alloc.body
      const minHealthyMs = Math.min(group.update.minHealthyMs, migrateOf(group).minHealthyMs)
      if (wasUnhealthy && alloc.healthy && now - health.since < minHealthyMs * clockPart && health.since > 0)
        found.push({ rule: 'says-what-runs', what: `${board.spec.name} says that ${alloc.slot} is healthy after ${now - health.since} ms` })
    }
    return found
  }

  #healthOf(alloc: Alloc, now: number) {
    const known = this.#health.get(alloc)
    if (known !== undefined && known.form === alloc.body.form && known.restarts === alloc.restarts) return known
    // Found running, it may be healthy from the first moment.
    const fresh = {
      form: alloc.body.form,
      restarts: alloc.restarts,
      since: alloc.healthy && known === undefined ? 0 : now,
      isHealthy: false,
    }
    this.#health.set(alloc, fresh)
    return fresh
  }

  /** A copy that counts a wish as carried out has stopped its tasks for it. */
  #unheeded({ board, state, effects }: SeenStep): Finding[] {
    const found: Finding[] = []
    for (const alloc of state.allocs.values()) {
      const before = this.#restartSeen.get(alloc)
      this.#restartSeen.set(alloc, alloc.restartSeen)
      if (before === undefined || before >= alloc.restartSeen) continue
      const kept = [...alloc.body.tasks.values()].find(
        (task) => task.phase === 'running' && !effects.some((effect) => effect.kind === 'stop' && effect.task === task.id),
      )
      if (kept !== undefined) found.push({ rule: 'wishes-done', what: `${board.spec.name} was to restart ${alloc.slot} and did not` })
    }
    return found
  }
}

/** How long a board that was slow may need for what has piled up. */
const slowMs = 60_000

/** Of what really runs, no two tasks were given one device, or told to open one file: nor two forms of one copy. */
export function sharedDevices({ board }: Pick<SeenStep, 'board'>): Finding[] {
  const found: Finding[] = []
  const holders = new Map<string, string>()
  const taken: string[] = []
  for (const { id, slot, devices = [] } of board.tasks.values()) {
    for (const what of devices.flatMap(({ key, path }) => [key, path])) {
      const other = holders.get(what) ?? id
      if (other !== id) found.push({ rule: 'devices-apart', what: `${board.spec.name} has given ${what} to ${slot}, and to another task` })
      holders.set(what, id)
    }
    const units = devices.flatMap(({ unit }) => (unit === undefined ? [] : [unit]))
    const other = units.find((unit) => taken.some((one) => isUnitShared(one, unit)))
    if (other !== undefined)
      found.push({ rule: 'devices-apart', what: `${board.spec.name} has given ${other} to ${slot}, and to another task` })
    taken.push(...units)
  }
  return found
}

function sharedPorts({ board, state, effects }: SeenStep): Finding[] {
  const found: Finding[] = []
  for (const effect of effects) {
    if (effect.kind !== 'start') continue
    const ports = new Set(Object.values(effect.task.ports))
    for (const other of board.tasks.values()) {
      // What runs there without the board's knowledge, it cannot avoid.
      if (other.alloc === effect.task.alloc || state.allocs.get(other.slot)?.alloc !== other.alloc) continue
      const shared = Object.values(other.ports).find((port) => ports.has(port))
      if (shared !== undefined)
        found.push({
          rule: 'ports-apart',
          what: `${board.spec.name} starts ${effect.task.slot} on port ${shared}, which ${other.slot} has`,
        })
    }
  }
  return found
}

/** Effects are carried out in order: what is sent before it is written is lost with the power between the two, and the others have it. */
function toldTooSoon({ board, effects }: SeenStep): Finding[] {
  const told: Uint8Array[] = []
  const last = effects.findLastIndex((effect) => effect.kind === 'persist')
  for (const effect of effects.slice(0, last + 1)) {
    if (effect.kind === 'broadcast') {
      const frame = decodeFrame(effect.frame)
      if (frame.ok && frame.value.kind === 'envelopes') told.push(...frame.value.envelopes)
    }
    if (effect.kind !== 'persist' || told.length === 0) continue
    const late = effect.writes.find(({ value }) => value !== null && told.some((bytes) => isSame(bytes, value)))
    if (late !== undefined) return [{ rule: 'durable-before-told', what: `${board.spec.name} sends ${late.key} before it is on its disk` }]
  }
  return []
}
