// Reduces a failing plan: leaves out halves, quarters, … single events, and then boards to which nothing happens but cuts, as long as the
// same rule is still broken. Events stand for themselves, so whatever is left is a plan, too.

import type { Flaw } from '../flaws.ts'
import type { Rule } from './invariants.ts'
import type { ChaosEvent, ChaosPlan, Way } from './plan.ts'
import { runChaos } from './run.ts'

/** `tried` is called before each run with how many events it has. */
export function shrink(plan: ChaosPlan, rule: Rule, flaws: ReadonlySet<Flaw>, tried: (events: number) => void = () => {}): ChaosPlan {
  const fails = (candidate: ChaosPlan): boolean => {
    tried(candidate.events.length)
    return runChaos(candidate, flaws).violations.some((violation) => violation.rule === rule)
  }
  let best = plan
  for (let size = Math.ceil(best.events.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.events.length;) {
      const events: ChaosEvent[] = [...best.events.slice(0, from), ...best.events.slice(from + size)]
      const candidate = { ...best, events }
      if (fails(candidate)) best = candidate
      else from += size
    }
  }
  for (const { name } of plan.boards) {
    const candidate = without(best, name)
    if (candidate !== null && fails(candidate)) best = candidate
  }
  const last = Math.max(0, ...best.events.map((event) => event.at + 60_000))
  const shorter = { ...best, chaosMs: Math.min(best.chaosMs, last) }
  return shorter.chaosMs < best.chaosMs && fails(shorter) ? shorter : best
}

/** null: something happens at the board, or it is the only one. */
function without(plan: ChaosPlan, name: string): ChaosPlan | null {
  const isOther = (way: Way): boolean => !way.includes(name)
  const events = plan.events.map((event) => ('ways' in event ? { ...event, ways: event.ways.filter(isOther) } : event))
  const boards = plan.boards.filter((board) => board.name !== name)
  const isNamed = events.some((event) => Object.values(event).includes(name))
  const isOutside = plan.core?.outside.includes(name) === true
  return isNamed || isOutside || boards.length === 0 ? null : { ...plan, boards, events }
}
