// One small world: a slot is brought to a step of its claim's life, the cut comes at that very moment, lasts, and heals. Held against the
// rules of the chaos runs and, while the cut lasts, against what DESIGN sections 5 and 6 promise each part.

import { disconnectDefaults, updateDefaults } from '../../crdt/documents/defaults.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { jobDocId, jobId, opsDocId, slotId } from '../../crdt/ids.ts'
import type { DisconnectPolicy, JobSpec } from '../../crdt/spec.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import type { Board } from '../board.ts'
import { findingsAtEnd } from '../chaos/finals.ts'
import { put } from '../chaos/put.ts'
import { claimOfLog } from '../chaos/replacements.ts'
import { type Stage, createStage } from '../chaos/stage.ts'
import { jobSpec } from '../job-spec.ts'
import { submission } from '../operator.ts'
import { type Arc, type Cut, partsOf } from './graphs.ts'

export const lifeSteps = ['vacant', 'claimed', 'starting', 'running', 'updating', 'draining'] as const
export type LifeStep = (typeof lifeSteps)[number]

export interface SmallWorld {
  readonly nodes: number
  readonly step: LifeStep
  readonly cut: Cut
  readonly partition: DisconnectPolicy['partition']
}

export const smallLimits = {
  /** A silent cut is noticed within about ten seconds, replace_after is five, and claim and start take one. */
  cutMs: 45_000,
  healMsMax: 120_000,
  /** So long nothing may be started or stopped afterwards. */
  quietMs: 60_000,
  /** More starts of one slot on one board are a back and forth. */
  startsMax: 2,
} as const

const job = jobId('default', 'web')
const slot = slotId(job, 'g', 0)

/** What is wrong, in words; nothing if all is well. */
export function playSmallWorld(input: SmallWorld): string[] {
  const stage = stageOf(input.nodes)
  const { world, witness } = stage
  witness.calmUntil = Number.MAX_SAFE_INTEGER
  for (const board of world.boards.values()) world.boot(board)
  world.run(8_000)
  const wrong: string[] = []
  const holder = reach(stage, input)
  if (holder === null) return [`the step ${input.step} was not reached`]
  witness.calmUntil = world.queue.now
  const boards = [holder, ...[...world.boards.values()].filter((board) => board !== holder)]
  for (const [from, to] of input.cut.arcs) world.cut(boards[from]!, boards[to]!, true)
  if (input.step === 'vacant') submit(stage, holder, '/bin/a', input.partition)
  world.run(smallLimits.cutMs)
  wrong.push(...wrongWhileCut(input, boards))
  world.heal()
  wrong.push(...wrongAfterHeal(stage))
  for (const board of boards) {
    const starts = board.trail.filter(({ what }) => what === 'start').length
    if (starts > smallLimits.startsMax + Number(input.step === 'updating'))
      wrong.push(`${board.spec.name} started the slot ${starts} times`)
  }
  return [...witness.violations.map(({ rule, what }) => `${rule}: ${what}`), ...wrong]
}

function stageOf(nodes: number): Stage {
  const boards = Array.from({ length: nodes }, (_, index) => ({ name: `b${index}`, labels: {}, memoryMib: 2_048 }))
  return createStage({ seed: 1, boards, events: [], chaosMs: 0 }, new Set())
}

function specOf(command: string, partition: DisconnectPolicy['partition']): JobSpec {
  const disconnect = { ...disconnectDefaults, replaceAfterMs: 5_000, partition }
  return jobSpec({ count: 1, command, group: { disconnect, update: { ...updateDefaults, minHealthyMs: 1_000 } } })
}

function submit(stage: Stage, via: Board, command: string, partition: DisconnectPolicy['partition']): void {
  put(stage, via.spec.name, jobDocId(job), submission(specOf(command, partition)))
}

/** Lets time pass until the claim is at the step; the board that holds it then. */
function reach(stage: Stage, { step, partition }: SmallWorld): Board | null {
  const { world } = stage
  const [first] = [...world.boards.values()]
  if (step === 'vacant') return first!
  if (step === 'updating' || step === 'draining') {
    submit(stage, first!, '/bin/a', partition)
    world.run(5_000)
    const runner = [...world.boards.values()].find((board) => board.tasks.size > 0)
    if (runner === undefined) return null
    return untilSeen(stage, step, () => {
      if (step === 'updating') submit(stage, first!, '/bin/b', partition)
      else put(stage, first!.spec.name, opsDocId(runner.spec.id), () => new Map([[opsPaths.draining, true]]))
    })
  }
  return untilSeen(stage, step, () => submit(stage, first!, '/bin/a', partition))
}

/** Begins, and stops the clock right after the step in which a board was seen at that point. */
function untilSeen(stage: Stage, step: LifeStep, begin: () => void): Board | null {
  const { world } = stage
  const { watch } = world
  const seen: Board[] = []
  world.watch = (board, event, act) => {
    const effects = watch(board, event, act)
    if (isAt(step, event, effects)) seen.push(board)
    return effects
  }
  begin()
  for (let ms = 0; ms < 20_000 && seen.length === 0; ms++) world.run(1)
  world.watch = watch
  return seen[0] ?? null
}

function isAt(step: LifeStep, event: CoreEvent, effects: readonly Effect[]): boolean {
  switch (step) {
    // Draining: the moment at which another board has claimed, before it runs.
    case 'claimed':
    case 'draining':
      return effects.some((effect) => effect.kind === 'log' && claimOfLog(effect.message)?.slot === slot)
    case 'starting':
      return effects.some((effect) => effect.kind === 'start')
    case 'updating':
      return effects.some((effect) => effect.kind === 'stop')
    default:
      return event.kind === 'started' && event.outcome.ok
  }
}

function wrongWhileCut({ nodes, step, cut, partition }: SmallWorld, boards: readonly Board[]): string[] {
  return partsOf(nodes, cut.arcs).flatMap((part) => {
    const members = part.map((index) => boards[index]!)
    const names = members.map((board) => board.spec.name).join('+')
    const runners = members.filter((board) => board.tasks.size > 0)
    if (runners.length > 1) return [`in the part ${names} ${runners.map((board) => board.spec.name).join(' and ')} run the slot`]
    if (runners.length === 1 || !isPromised(part, { nodes, step, cut, partition }, boards)) return []
    const reason = members[0]!.core?.state?.plan?.bySlot.get(slot)?.reason ?? 'no reason'
    return [`in the part ${names} nobody runs the slot (${reason})`]
  })
}

/** A part that knows the job, and that sees half of the boards or (with `any`, or a slot that nobody else may hold) need not, runs it. */
function isPromised(part: readonly number[], { nodes, cut, partition }: SmallWorld, boards: readonly Board[]): boolean {
  const members = part.map((index) => boards[index]!)
  if (!members.some((board) => board.core?.state?.view.jobs.has(job) === true)) return false
  // Whoever is heard on one way only is nobody's neighbour, and yet not silent in all that it says: nothing is promised between the two.
  if (isHalfConnected(part, nodes, cut.arcs)) return false
  return partition === 'any' || 2 * part.length >= nodes
}

function isHalfConnected(part: readonly number[], nodes: number, cut: readonly Arc[]): boolean {
  const closed = new Set(cut.map(([a, b]) => `${a}>${b}`))
  for (const inside of part) {
    for (let outside = 0; outside < nodes; outside++) {
      if (part.includes(outside)) continue
      if (closed.has(`${inside}>${outside}`) !== closed.has(`${outside}>${inside}`)) return true
    }
  }
  return false
}

function wrongAfterHeal(stage: Stage): string[] {
  const { world } = stage
  for (let ms = 0; ms < smallLimits.healMsMax && findingsAtEnd(stage).length > 0; ms += 1_000) world.run(1_000)
  const findings = findingsAtEnd(stage)
  if (findings.length > 0) return findings.map(({ rule, what }) => `after the heal, ${rule}: ${what}`)
  const moves = (): number => [...world.boards.values()].reduce((sum, board) => sum + board.trail.length, 0)
  // What is right once may still be on its way to somewhere else.
  world.run(15_000)
  const before = moves()
  world.run(smallLimits.quietMs)
  return moves() === before ? [] : [`after the heal the slot still moves`]
}
