// One run: chaos, then all faults end and every board boots, then the fleet must come to rest at what was asked of it.

import { isPerNode } from '../../crdt/spec.ts'
import type { Flaw } from '../flaws.ts'
import { documentsOf, findingsAtEnd, viewsThatDiffer } from './finals.ts'
import { sendTwinsAway } from './faults-disks.ts'
import { settleOutside } from './core-phase.ts'
import { isSplit } from './core-rules.ts'
import { endAllFaults, evictTheGone } from './faults-end.ts'
import { schedule, strike } from './faults.ts'
import { giveUpTheVoid } from './keys.ts'
import type { Sight, Violation } from './invariants.ts'
import { operate } from './operations.ts'
import { type ChaosEvent, type ChaosPlan, isFault } from './plan.ts'
import { sightsOfMoment } from './sights.ts'
import { type Stage, type StageOptions, createStage } from './stage.ts'
import { eventText, timelineOf } from './timeline.ts'

export interface ChaosResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly sights: ReadonlyMap<Sight, number>
  /** Steps of all boards together. */
  readonly steps: number
  readonly virtualMs: number
  readonly traceHash: string
  /** What happened, a line each, in order; made when asked for. */
  readonly timeline: () => string[]
}

export const chaosLimits = {
  /**
   * A board that has returned often must be in unbroken contact for five minutes before it counts again, replacements after a mass
   * event are paced by the minute, and a silent copy may have to wait a minute for its replacement.
   */
  restMsMax: 15 * 60_000,
  /** So long nothing may be started, stopped or written. */
  quietMs: 120_000,
  lookEveryMs: 5_000,
} as const

export interface ChaosOptions extends StageOptions {
  /** Ends at the first broken rule: for those who only want to know whether there is one. */
  readonly firstOnly?: boolean
}

export function runChaos(plan: ChaosPlan, flaws: ReadonlySet<Flaw> = new Set(), options: ChaosOptions = {}): ChaosResult {
  const stage = createStage(plan, flaws, options)
  const { world, witness } = stage
  witness.calmUntil = plan.events.find((event) => isFault(event))?.at ?? plan.chaosMs
  noteSetting(stage)
  for (const event of plan.events) schedule(stage, event, (due) => happen(stage, due))
  for (const board of world.boards.values()) if (!stage.absent.has(board)) world.boot(board)
  const isEnough = (): boolean => options.firstOnly === true && witness.violations.length > 0
  while (world.queue.now < plan.chaosMs && !isEnough()) {
    world.run(Math.min(chaosLimits.lookEveryMs, plan.chaosMs - world.queue.now))
    lookForWhatLasts(stage)
  }
  if (!isEnough()) {
    witness.note('all faults end')
    endAllFaults(stage)
    waitForTheOutside(stage, isEnough)
    if (plan.core?.fates !== null) comeToRest(stage, isEnough)
  }
  world.release()
  return {
    seed: plan.seed,
    violations: witness.violations,
    sights: witness.sights,
    steps: witness.trace.steps,
    virtualMs: world.queue.now,
    traceHash: witness.trace.hash,
    timeline: () => timelineOf(stage),
  }
}

/** What is special about the plan as a whole. */
function noteSetting({ plan, witness }: Stage): void {
  if (new Set(plan.boards.map((board) => board.pool)).size > 1) witness.saw('two-pools')
  const times = plan.events.flatMap((event) => (event.kind === 'run' ? [event.at] : []))
  if (new Set(times).size < times.length) witness.saw('submitted-at-once')
  if (plan.events.some((event) => event.kind === 'run' && isPerNode(event.spec))) witness.saw('one-each')
}

function happen(stage: Stage, event: ChaosEvent): void {
  const { witness } = stage
  witness.note(eventText(event))
  strike(stage, event)
  operate(stage, event)
  for (const { rule, what } of viewsThatDiffer(stage)) witness.violated(rule, what)
}

function lookForWhatLasts(stage: Stage): void {
  for (const { rule, what } of stage.patience.look(stage)) stage.witness.violated(rule, what)
  for (const board of stage.world.boards.values()) for (const sight of sightsOfMoment(board)) stage.witness.saw(sight)
}

/** As long as boards outside the core find no rest, it is held to what may be demanded of it all the same. */
function waitForTheOutside(stage: Stage, isEnough: () => boolean): void {
  const { plan, world, witness } = stage
  if (plan.core === undefined) return
  while (world.queue.now < plan.core.untilMs && !isEnough()) {
    world.run(Math.min(chaosLimits.lookEveryMs, plan.core.untilMs - world.queue.now))
    evictTheGone(stage)
    sendTwinsAway(stage)
    lookForWhatLasts(stage)
    if (isSplit(stage)) witness.saw('core-and-outside')
  }
  if (plan.core.fates !== null && !isEnough()) settleOutside(stage, plan.core.fates)
}

/** Waits until all is as it should be and nothing has moved for a while; what does not get there in time is told. */
function comeToRest(stage: Stage, isEnough: () => boolean): void {
  const { queue } = stage.world
  const until = queue.now + chaosLimits.restMsMax
  let before = ''
  let since = queue.now
  while (queue.now < until) {
    stage.world.run(chaosLimits.lookEveryMs)
    evictTheGone(stage)
    giveUpTheVoid(stage)
    sendTwinsAway(stage)
    lookForWhatLasts(stage)
    if (isEnough()) return
    const now = motionOf(stage)
    if (now !== before) since = queue.now
    before = now
    if (queue.now - since < chaosLimits.quietMs || findingsAtEnd(stage).length > 0) continue
    if (stage.outside.size > 0) stage.witness.saw('core-settled')
    return
  }
  const findings = findingsAtEnd(stage)
  for (const { rule, what } of findings) stage.witness.violated(rule, what)
  if (queue.now - since < chaosLimits.quietMs) stage.witness.violated('comes-to-rest', `something moved ${queue.now - since} ms ago`)
}

/** Whatever is started, stopped or written changes this; of a core, inside it. */
function motionOf(stage: Stage): string {
  return [...stage.world.boards.values()]
    .filter((board) => !stage.outside.has(board))
    .map((board) => {
      const { state } = board.core ?? {}
      return `${board.trail.length} ${board.boots} ${state == null ? '' : documentsOf(state)}`
    })
    .join('\n')
}
