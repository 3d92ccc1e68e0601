// How link states spread, measured on the real code in a small world: how soon a killed, silenced, half-cut or split-off board
// is `disconnected` everywhere, how soon a healed one is alive again, what idling costs, and how many healthy boards were ever
// called disconnected. The constants in `node/core/liveness/limits.ts` were chosen from these rows.

import { changeCount } from '../node/core/liveness/liveness.ts'
import type { LivenessLimits } from '../node/core/liveness/limits.ts'
import { LinkWorld } from './link-world.ts'
import { createPrng } from './prng.ts'

export interface SpreadInput {
  readonly nodes: number
  readonly loss: number
  readonly seed: number
  readonly limits?: Partial<LivenessLimits>
}

/** Times in ms until every sampled observer agreed; null: not within the time allowed. */
export interface SpreadRow {
  readonly scenario: string
  readonly nodes: number
  readonly loss: number
  readonly [figure: string]: number | string | null
}

export type Scenario = (input: SpreadInput) => SpreadRow

export const scenarios: Readonly<Record<string, Scenario>> = { kill, silent, oneWayIn, oneWayOut, halves, flapping, quiet }

/** A world that has settled: everybody alive everywhere, spare bridges given up. */
export function settledWorld(input: SpreadInput, settleMs = 60_000): { readonly world: LinkWorld; readonly bootMs: number | null } {
  const world = new LinkWorld(input)
  world.bootAll(2_000)
  const bootMs = world.until(() => world.live().length === input.nodes && agree(world, world.live(), world.live(), 'alive'), 60_000)
  world.run(settleMs)
  return { world, bootMs }
}

/** All the observers (a sample of many) see all the subjects so. */
export function agree(world: LinkWorld, observers: readonly number[], subjects: readonly number[], liveness: string): boolean {
  const step = Math.max(1, Math.floor(observers.length / 40))
  for (let i = 0; i < observers.length; i += step) {
    for (const subject of subjects) if (observers[i] !== subject && world.sees(observers[i]!, subject) !== liveness) return false
  }
  return true
}

function without(world: LinkWorld, victim: number): number[] {
  return world.live().filter((index) => index !== victim)
}

function kill(input: SpreadInput): SpreadRow {
  const { world, bootMs } = settledWorld(input)
  world.kill(0)
  const fallMs = world.until(() => agree(world, world.live(), [0], 'disconnected'), 30_000)
  world.boot(0)
  const backMs = world.until(() => agree(world, without(world, 0), [0], 'alive') && agree(world, [0], without(world, 0), 'alive'), 30_000)
  return { scenario: 'kill', nodes: input.nodes, loss: input.loss, bootMs, fallMs, backMs }
}

function silent(input: SpreadInput): SpreadRow {
  return cutOff('silent', input, (victim, from, to) => from === victim || to === victim)
}

function oneWayIn(input: SpreadInput): SpreadRow {
  return cutOff('oneWayIn', input, (victim, _from, to) => to === victim)
}

function oneWayOut(input: SpreadInput): SpreadRow {
  return cutOff('oneWayOut', input, (victim, from) => from === victim)
}

function cutOff(scenario: string, input: SpreadInput, isCut: (victim: number, from: number, to: number) => boolean): SpreadRow {
  const { world } = settledWorld(input)
  world.isCut = (from, to) => isCut(0, from, to)
  const others = without(world, 0)
  const fallMs = world.until(() => agree(world, others, [0], 'disconnected'), 30_000)
  const selfSeesMs = world.until(() => agree(world, [0], others, 'disconnected'), 30_000)
  world.run(15_000)
  world.isCut = () => false
  const healMs = world.until(() => agree(world, others, [0], 'alive') && agree(world, [0], others, 'alive'), 30_000)
  return {
    scenario,
    nodes: input.nodes,
    loss: input.loss,
    fallMs,
    selfSeesMs: selfSeesMs === null || fallMs === null ? null : fallMs + selfSeesMs,
    healMs,
  }
}

function halves(input: SpreadInput): SpreadRow {
  const { world } = settledWorld(input)
  const left = world.live().filter((index) => index % 2 === 0)
  const right = world.live().filter((index) => index % 2 === 1)
  const published = world.counters.published
  world.isCut = (from, to) => from % 2 !== to % 2
  const fallMs = world.until(() => agree(world, left, right, 'disconnected') && agree(world, right, left, 'disconnected'), 60_000)
  const whole = agree(world, left, left, 'alive') && agree(world, right, right, 'alive')
  const fallStates = world.counters.published - published
  world.run(15_000)
  world.isCut = () => false
  const healMs = world.until(() => agree(world, world.live(), world.live(), 'alive'), 60_000)
  return { scenario: 'halves', nodes: input.nodes, loss: input.loss, fallMs, sidesStayedWhole: whole ? 'yes' : 'no', fallStates, healMs }
}

/** One board's link is down every other time, for 10 minutes: how often the others change their minds about it. */
function flapping(input: SpreadInput): SpreadRow {
  const { world } = settledWorld(input)
  const prng = createPrng(input.seed + 1)
  let isDown = false
  let until = 0
  world.isCut = (from, to) => {
    if (world.now >= until) {
      isDown = !isDown
      until = world.now + 500 + prng.below(15_000)
    }
    return isDown && (from === 0 || to === 0)
  }
  const published = world.counters.published
  let changes = 0
  let seen = world.sees(1, 0)
  world.onChange = (board) => {
    if (board !== 1 || world.sees(1, 0) === seen) return
    seen = world.sees(1, 0)
    changes++
  }
  const wrong = countWrong(world, new Set([0]))
  world.run(600_000)
  return {
    scenario: 'flapping',
    nodes: input.nodes,
    loss: input.loss,
    changesIn10Min: changes,
    statesIn10Min: world.counters.published - published,
    othersWronglyDown: wrong(),
  }
}

/** Nothing happens, but one board has 5 % of a CPU: what it costs, and whether anybody is accused. */
function quiet(input: SpreadInput): SpreadRow {
  const { world, bootMs } = settledWorld(input)
  const prng = createPrng(input.seed + 2)
  // Twenty times slower: an event of up to 2 ms takes up to 40, and a garbage collection of 50 ms takes a second.
  if (input.nodes > 2) world.slow(input.nodes - 1, () => (prng.chance(0.02) ? 1_000 : prng.below(40)))
  const wrong = countWrong(world, new Set())
  const before = { ...world.counters }
  const minutes = input.nodes > 200 ? 5 : 30
  world.run(minutes * 60_000)
  const per = minutes * 60 * input.nodes
  return {
    scenario: 'quiet',
    nodes: input.nodes,
    loss: input.loss,
    bootMs,
    minutes,
    wronglyDown: wrong(),
    states: world.counters.published - before.published,
    hangUps: world.counters.hangUps - before.hangUps,
    bytesPerBoardPerS: Math.round((world.counters.bytes - before.bytes) / per),
    edgesPerBoard: edgesPerBoard(world),
  }
}

/** Counts verdicts of `disconnected` between boards that can reach each other. */
export function countWrong(world: LinkWorld, cutOffNow: ReadonlySet<number>): () => number {
  let count = 0
  const seen = new Map<number, number>()
  const down = new Set<string>()
  const before = world.onChange
  world.onChange = (index) => {
    before?.(index)
    const { state } = world.boards[index]!
    if (state === null || cutOffNow.has(index) || seen.get(index) === changeCount(state)) return
    seen.set(index, changeCount(state))
    for (const subject of world.live()) {
      const pair = `${index} ${subject}`
      const isDown = !cutOffNow.has(subject) && world.sees(index, subject) === 'disconnected'
      if (isDown && !down.has(pair)) count++
      if (isDown) down.add(pair)
      else down.delete(pair)
    }
  }
  return () => count
}

function edgesPerBoard(world: LinkWorld): number {
  let edges = 0
  for (const { state } of world.boards) for (const link of state?.links.values() ?? []) if (link.named !== null) edges++
  return Math.round((10 * edges) / world.boards.length) / 10
}
