// Which copies of one board make room for a more important one: the least harm of all sets that do. Harm is compared in a fixed order: the
// highest priority among them, then how many they are, then the sum of their priorities, then how much they free of what is asked, then
// their slots. Sets are tried smallest first; where that takes too long the largest copies go, and none that need not.

import { type Generation, type SlotId, compareText } from '../crdt/ids.ts'
import type { Resources } from '../crdt/view.ts'
import { type Held, nothingHeld, plus } from './held.ts'
import { schedulerLimits as limits } from './limits.ts'

/** A copy that may be displaced. */
export interface Copy {
  readonly slot: SlotId
  readonly generation: Generation
  readonly priority: number
  readonly held: Held
}

export interface Victims {
  /** In order of slot. */
  readonly copies: readonly Copy[]
  /** Compared number by number; none: nobody is displaced. */
  readonly harm: readonly number[]
}

export interface Shortage {
  /** What is given back whoever else goes. */
  readonly freed: Held
  readonly ask: Resources
  /** Whether it is enough. More is never less. */
  readonly isEnough: (freed: Held) => boolean
}

const nobody: Victims = { copies: [], harm: [0, 0, 0, 0] }

/** null: not even all of them would be enough. */
export function chooseVictims(copies: readonly Copy[], shortage: Shortage): Victims | null {
  const { freed, isEnough } = shortage
  if (isEnough(freed)) return nobody
  const pool = upToCeiling(copies, shortage)
  if (pool === null) return null
  const must = new Set(indispensable(pool, shortage))
  const base = freedBy([...must], freed)
  const rest = pool.filter((one) => !must.has(one))
  const others = isEnough(base) ? [] : (leastOf(rest, base, shortage) ?? largestOf(rest, base, shortage))
  return victimsOf([...must, ...others], shortage.ask)
}

export function compareHarm(a: Victims, b: Victims): number {
  for (const [at, harm] of a.harm.entries()) if (harm !== b.harm[at]) return harm - (b.harm[at] ?? 0)
  return 0
}

/** Those of the lowest priorities that are enough together. */
function upToCeiling(copies: readonly Copy[], { freed, isEnough }: Shortage): readonly Copy[] | null {
  const sorted = copies.toSorted((a, b) => a.priority - b.priority || compareText(a.slot, b.slot))
  let sum = freed
  for (const [at, { priority, held }] of sorted.entries()) {
    sum = plus(sum, held)
    if (sorted[at + 1]?.priority !== priority && isEnough(sum)) return sorted.slice(0, at + 1)
  }
  return null
}

/** Without whom all others are not enough. */
function indispensable(pool: readonly Copy[], { freed, isEnough }: Shortage): readonly Copy[] {
  // What those behind each of them free together.
  const behind = pool.map(() => nothingHeld)
  for (let at = pool.length - 2; at >= 0; at--) behind[at] = plus(behind[at + 1]!, pool[at + 1]!.held)
  let before = freed
  return pool.filter(({ held }, at) => {
    const others = plus(before, behind[at]!)
    before = plus(before, held)
    return !isEnough(others)
  })
}

function freedBy(copies: readonly Copy[], freed: Held): Held {
  return copies.reduce((sum, { held }) => plus(sum, held), freed)
}

/** The least harmful of the smallest sets; null: there are too many to look at. */
function leastOf(copies: readonly Copy[], base: Held, { ask, isEnough }: Shortage): readonly Copy[] | null {
  if (copies.length > limits.victimChoiceMax) return null
  const alike = classesOf(copies)
  const steps = { left: limits.victimStepsMax as number }
  for (let size = 1; size <= copies.length; size++) {
    let best: Victims | null = null
    for (const set of setsOf(alike, size)) {
      if (steps.left-- <= 0) return null
      if (!isEnough(freedBy(set, base))) continue
      const found = victimsOf(set, ask)
      if (best === null || (compareHarm(found, best) || compareText(namesOf(found), namesOf(best))) < 0) best = found
    }
    if (best !== null) return best.copies
  }
  return null
}

/** Copies that are the same but for their names: of these the first in order of slot go first. */
function classesOf(copies: readonly Copy[]): readonly (readonly Copy[])[] {
  const classes = new Map<string, Copy[]>()
  for (const copy of copies.toSorted((a, b) => compareText(a.slot, b.slot))) {
    const { ports, devices, ...numbers } = copy.held
    const key = JSON.stringify([
      copy.priority,
      numbers.cpuMhz,
      numbers.memoryMib,
      numbers.diskMib,
      numbers.dynamicPorts,
      [...ports.keys()],
      [...devices.keys()],
    ])
    const known = classes.get(key)
    if (known === undefined) classes.set(key, [copy])
    else known.push(copy)
  }
  return [...classes.values()]
}

function* setsOf(classes: readonly (readonly Copy[])[], size: number): Generator<readonly Copy[]> {
  const [first, ...rest] = classes
  if (size === 0) return yield []
  if (first === undefined) return
  for (let taken = Math.min(size, first.length); taken >= 0; taken--)
    for (const others of setsOf(rest, size - taken)) yield [...first.slice(0, taken), ...others]
}

/** Largest first until it is enough; then those go back without whom it still is, the most important ones first. */
function largestOf(copies: readonly Copy[], base: Held, { ask, isEnough }: Shortage): readonly Copy[] {
  const sorted = copies.toSorted(
    (a, b) => share(b.held, ask) - share(a.held, ask) || a.priority - b.priority || compareText(a.slot, b.slot),
  )
  let chosen: readonly Copy[] = []
  let sum = base
  for (const copy of sorted) {
    if (isEnough(sum)) break
    chosen = [...chosen, copy]
    sum = plus(sum, copy.held)
  }
  const byPriority = chosen.toSorted(
    (a, b) => b.priority - a.priority || share(a.held, ask) - share(b.held, ask) || compareText(a.slot, b.slot),
  )
  for (const copy of byPriority) {
    const without = chosen.filter((one) => one !== copy)
    if (isEnough(freedBy(without, base))) chosen = without
  }
  return chosen
}

function victimsOf(copies: readonly Copy[], ask: Resources): Victims {
  let [highest, sum, freed] = [0, 0, 0]
  for (const { priority, held } of copies) {
    highest = Math.max(highest, priority)
    sum += priority
    freed += share(held, ask)
  }
  return { copies: copies.toSorted((a, b) => compareText(a.slot, b.slot)), harm: [highest, copies.length, sum, freed] }
}

/** How much of the ask a copy frees, in thousandths, of all kinds together. Bounded, so that a thousand copies still add up exactly. */
function share(held: Resources, ask: Resources): number {
  const part = (has: number, asked: number): number => Math.min(shareMax, Math.trunc((has * 1_000) / Math.max(1, asked)))
  return part(held.cpuMhz, ask.cpuMhz) + part(held.memoryMib, ask.memoryMib) + part(held.diskMib, ask.diskMib)
}

const shareMax = 2 ** 40

function namesOf({ copies }: Victims): string {
  return copies.map(({ slot }) => slot).join(' ')
}
