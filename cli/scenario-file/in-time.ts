// What a timeline says that could never be seen: what comes after the end, and boards that are switched on while they run.

import { formatDuration } from '../job-file/units.ts'
import type { PathParts } from '../job-file/source.ts'
import type { ScenarioBoard } from '../../simulator/scenario/scenario.ts'
import type { Complain, ScenarioPlan } from './plan.ts'

type Step = ScenarioPlan['steps'][number]

/** A step and the entry that it is of. */
export interface Told {
  readonly step: Step
  readonly at: PathParts
}

/** `joins`: of each entry of the boards. */
export function checkInTime(told: readonly Told[], joins: readonly number[], durationMs: number, complain: Complain): void {
  const late = new Set<string>()
  for (const { step, at } of told) {
    const entry = at.join('/')
    if (step.atMs <= durationMs || late.has(entry)) continue
    late.add(entry)
    complain(at, `what happens at ${formatDuration(step.atMs)}, after the end`, inTime(durationMs))
  }
  for (const [index, joinsMs] of joins.entries())
    if (joinsMs > durationMs) complain(['boards', index, 'joins'], `${formatDuration(joinsMs)}, after the end`, inTime(durationMs))
}

function inTime(durationMs: number): string {
  return `0s to ${formatDuration(durationMs)}, or a longer 'duration'`
}

/** In order of time. Of several boards it is enough that one is off: the word may mean a site. */
export function checkSwitches(told: readonly Told[], boards: readonly ScenarioBoard[], complain: Complain): void {
  const off = new Map(boards.map(({ name, joinsMs }) => [name, joinsMs > 0]))
  for (const { step, at } of told) {
    if (step.kind === 'kill' || step.kind === 'power-cut') for (const name of step.boards) off.set(name, true)
    if (step.kind !== 'start' && step.kind !== 'power-on') continue
    if (step.boards.length > 0 && step.boards.every((name) => off.get(name) === false)) {
      const [key, before] = step.kind === 'start' ? ['start', 'kill'] : ['power_on', 'power_cut']
      const who = step.boards.length === 1 ? `${step.boards[0]}, which runs` : 'boards that all run'
      complain([...at, key], `${who} at ${formatDuration(step.atMs)}`, `a board that is off by then: say '${before}' before`)
    }
    for (const name of step.boards) off.set(name, false)
  }
}
