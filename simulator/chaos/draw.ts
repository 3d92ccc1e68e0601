// Seed → plan: how many boards, how good each is, which jobs, and what happens when. The same seed draws the same plan for ever as
// long as this folder's `draw…` files do not change; a failing plan is kept as data, not as a seed alone.

import { jobId } from '../../crdt/ids.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { type Prng, createPrng } from '../prng.ts'
import { drawAgents, noAgents } from './draw-agents.ts'
import { drawChecks } from './draw-checks.ts'
import { drawCore } from './draw-core.ts'
import { drawDeaths } from './draw-deaths.ts'
import { drawDiskErrors } from './draw-disks.ts'
import { drawJob, jobNames } from './draw-jobs.ts'
import { drawKinds } from './draw-kinds.ts'
import { both, drawFault, faultKinds } from './draw-faults.ts'
import { drawForgeries } from './draw-malice.ts'
import { drawLeaving, drawReplacing, drawSparingDrains } from './draw-nodes.ts'
import { drawOperation } from './draw-operations.ts'
import { drawLongCuts, drawPoolsApart, drawTails } from './draw-links.ts'
import { drawCompactions, drawKeys } from './draw-orders.ts'
import { drawRollouts, goingBack } from './draw-rollouts.ts'
import { type Pool, type Setting, boardFor, ownPools, withShortWaits } from './own-jobs.ts'
import type { ChaosBoard, ChaosEvent, ChaosPlan } from './plan.ts'

const minuteMs = 60_000

/** `setting`: what is not drawn. Without one, the plan of a seed is the same for ever. */
export function drawPlan(seed: number, setting: Setting = {}): ChaosPlan {
  // Neighbouring seeds of the generator would begin alike.
  const prng = createPrng(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995).fork()
  const own = new Map(setting.jobs?.map((spec) => [jobId(spec.namespace, spec.name), withShortWaits(spec)] as const))
  const boards = drawBoards(prng, setting)
  const names = boards.map((board) => board.name)
  const minutes = 3 + prng.below(8)
  const chaosMs = (setting.minutes ?? minutes) * minuteMs
  const pools = setting.jobs === undefined ? drawPools(prng, boards) : ownPools(names, setting.jobs)
  const specOf: SpecOf = (name, pool) => own.get(name as ReturnType<typeof jobId>) ?? drawJob(prng, name, pool)
  const isAtOnce = prng.chance(0.3)
  const events: ChaosEvent[] = pools.flatMap(({ name: pool, names, jobs }) =>
    jobs.map((job) => ({
      at: isAtOnce ? 3_000 : 3_000 + prng.below(9_000),
      kind: 'run' as const,
      via: prng.pick(names)!,
      spec: specOf(job, pool),
    })),
  )
  events.push(...drawComing(prng, pools, chaosMs))
  const quarrelsome = drawTaste(prng)
  for (let count = 20 + prng.below(41); count > 0; count--) {
    const at = 12_000 + prng.below(chaosMs - 12_000)
    const index = prng.below(pools.length)
    const what = prng.chance(0.3) ? drawOperation(prng, pools[index]!, specOf) : drawFault(prng, names, quarrelsome)
    events.push({ at, ...what })
  }
  events.push(...drawLater(seed, pools, chaosMs, events))
  if (setting.jobs === undefined) events.push(...drawKinds(seed, pools, chaosMs))
  const agents = setting.jobs === undefined ? drawAgents(seed, names, chaosMs) : noAgents
  events.push(...agents.events)
  const more = setting.jobs === undefined ? drawMore(seed, pools, chaosMs, events) : { boards: [], events }
  const all = setting.rollouts === true ? withRollouts(seed, pools, chaosMs, more.events) : more.events
  const present = boards.map((board) => ({
    ...board,
    pool: poolOf(pools, board.name),
    ...(agents.next.has(board.name) ? { agent: 'next' as const } : {}),
  }))
  const core = drawCore(seed, pools, chaosMs, all)
  return {
    seed,
    boards: [...drawScarcity(seed, present, setting), ...more.boards],
    events: [...all, ...drawHarder(seed, names, chaosMs, core?.core), ...(core?.events ?? [])].toSorted((a, b) => a.at - b.at),
    chaosMs,
    ...(core === null ? {} : { core: core.core }),
  }
}

/** What came to be drawn later than all before it. */
function drawMore(
  seed: number,
  pools: readonly Pool[],
  chaosMs: number,
  events: readonly ChaosEvent[],
): Pick<ChaosPlan, 'boards' | 'events'> {
  const { boards, events: replacing } = drawReplacing(seed, pools, chaosMs)
  const drains = drawSparingDrains(seed, pools, chaosMs, events)
  const keys = drawKeys(seed, pools, chaosMs)
  const strange = [
    ...drawForgeries(seed, pools, chaosMs),
    ...drawCompactions(seed, pools, chaosMs),
    ...keys,
    ...drawPoolsApart(seed, pools, keys),
  ]
  const all = [...events, ...drawLeaving(seed, pools, chaosMs), ...replacing, ...drains, ...strange]
  return { boards, events: drawChecks(seed, pools, chaosMs, all) }
}

/** Faults that came to be drawn after all else was: each from a generator of its own. */
function drawHarder(seed: number, names: readonly string[], chaosMs: number, core: ChaosPlan['core']): ChaosEvent[] {
  return [
    ...drawDeaths(seed, names, chaosMs),
    ...drawDiskErrors(seed, names, chaosMs),
    ...drawTails(seed, chaosMs),
    ...drawLongCuts(seed, names, chaosMs, core),
  ]
}

function withRollouts(seed: number, pools: readonly Pool[], chaosMs: number, events: readonly ChaosEvent[]): readonly ChaosEvent[] {
  return [...events, ...drawRollouts(seed, pools, chaosMs)].map((event) => goingBack(seed, event))
}

/** A job as it is handed in. */
export type SpecOf = (job: string, pool: string) => JobSpec

function poolOf(pools: readonly Pool[], name: string): string {
  return pools.find((pool) => pool.names.includes(name))!.name
}

function drawBoards(prng: Prng, { nodes, jobs }: Setting): ChaosBoard[] {
  const small = prng.chance(0.5)
  const drawn = 3 + prng.below(7)
  // Two boards for each pool, or there is nothing to cut.
  const least = 2 * new Set(jobs?.map((spec) => spec.pool)).size
  return Array.from({ length: nodes ?? Math.max(drawn, least) }, (_, index) => {
    const board = {
      name: `b${index}`,
      labels: { tier: prng.chance(0.5) ? 'fast' : 'slow' },
      memoryMib: small && prng.chance(0.3) ? 700 : 2_048,
    }
    return jobs === undefined ? board : boardFor(prng, board, jobs)
  })
}

/** One pool mostly; two where there are boards enough. */
function drawPools(prng: Prng, boards: readonly ChaosBoard[]): Pool[] {
  const names = boards.map((board) => board.name)
  const jobs = jobNames.slice(0, 1 + prng.below(jobNames.length))
  if (names.length < 5 || jobs.length < 2 || !prng.chance(0.4)) return [{ name: 'default', names, jobs }]
  const cut = names.length - 2 - prng.below(names.length - 4)
  return [
    { name: 'default', names: names.slice(0, cut), jobs: jobs.slice(0, -1) },
    { name: 'annex', names: names.slice(cut), jobs: jobs.slice(-1) },
  ]
}

/** Boards that come later or go for good, never so many that a pool has fewer than two left. */
function drawComing(prng: Prng, pools: readonly Pool[], chaosMs: number): ChaosEvent[] {
  return pools.flatMap(({ names }): ChaosEvent[] => {
    if (names.length < 4) return []
    const [via, comes, goes] = prng.shuffle(names) as [string, string, string]
    const at = 12_000 + prng.below(chaosMs - 12_000)
    return [
      ...(prng.chance(0.3) ? [{ kind: 'join', at, board: comes } as const] : []),
      ...(prng.chance(0.3)
        ? [{ kind: 'leave', at: chaosMs - prng.below(chaosMs >> 1), board: goes, via, evictAfterMs: prng.below(60_000) } as const]
        : []),
    ]
  })
}

/** Boards that have little of something else than memory. */
function drawScarcity(seed: number, boards: readonly ChaosBoard[], setting: Setting): readonly ChaosBoard[] {
  const prng = createPrng(Math.imul(seed, 0xc2b2ae35) ^ 0x165667b1).fork()
  if (setting.jobs !== undefined || !prng.chance(0.3)) return boards
  return boards.map((board) => (prng.chance(0.5) ? { ...board, ...prng.pick([{ cpuMhz: 250 }, { diskMib: 700 }])! } : board))
}

/** What a run may have beside: from a generator of its own, so that all else is drawn as it was before there was any of it. */
function drawLater(seed: number, pools: readonly Pool[], chaosMs: number, events: readonly ChaosEvent[]): ChaosEvent[] {
  const prng = createPrng(Math.imul(seed, 0x85ebca6b) ^ 0x27d4eb2f).fork()
  const at = (): number => 12_000 + prng.below(chaosMs - 12_000)
  const names = pools.flatMap((pool) => pool.names)
  const drawn: ChaosEvent[] = []
  if (prng.chance(0.25))
    drawn.push({ kind: 'twin', at: at(), board: prng.pick(names)!, ageMs: 1_000 + prng.below(60_000), forMs: 2_000 + prng.below(120_000) })
  // Few cuts leave a board alone for as long as `stop_on_client_after` says.
  for (const event of events) {
    if (event.kind !== 'run' || event.spec.groups[0]!.disconnect.stopOnClientAfterMs === null) continue
    const alone = prng.pick(pools.find((pool) => pool.names.includes(event.via))!.names)!
    const others = names.filter((name) => name !== alone)
    drawn.push({ kind: 'cut', at: at(), shape: `${alone} alone`, ways: both([alone], others), forMs: 100_000 + prng.below(60_000) })
  }
  if (prng.chance(0.25)) {
    const [via, board] = prng.shuffle(prng.pick(pools)!.names) as [string, string]
    drawn.push({ kind: 'node', at: at(), via, board, wish: 'ineligible', forMs: prng.chance(0.5) ? 10_000 + prng.below(90_000) : null })
  }
  // An agent waits three minutes for its engine before it gives a copy up.
  if (prng.chance(0.3)) {
    const forMs = prng.pick([30_000, 200_000, 200_000])! + prng.below(60_000)
    drawn.push({ kind: 'silent-driver', at: at(), board: prng.pick(names)!, downMs: 300 + prng.below(3_000), forMs })
  }
  return drawn
}

/** Which kinds of faults a run favours: one that has all of them at once hides what each does. */
function drawTaste(prng: Prng): ReadonlySet<string> {
  return new Set(prng.shuffle(faultKinds).slice(0, 2 + prng.below(10)))
}
