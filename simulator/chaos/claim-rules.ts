// What a board says of its claims, and what it makes of them, judged after each of its steps by what it knows itself (DESIGN section 6): whom
// a claim names, whom it marks as lost, for whom it goes before it runs, and that what has ended stays ended.

import type { AllocId, NodeId } from '../../crdt/ids.ts'
import { slotParts } from '../../crdt/ids.ts'
import { type Claim, compareVersions, hasEnded } from '../../crdt/view.ts'
import type { Plan } from '../../scheduler/types.ts'
import type { Alloc } from '../../node/core/allocs/alloc.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import { comesBefore } from './order-of-copies.ts'
import { stands } from './replacements.ts'
import type { SeenStep } from './seen-step.ts'

const takenUp = /^found \S+ \(generation \d+\) running without a claim/

export class ClaimRules {
  readonly #over = new WeakMap<Alloc, Alloc['over']>()
  readonly #lost = new WeakMap<Alloc, Alloc['lost']>()
  /** What its document has said to be over, as long as the disk that says so is the board's. */
  readonly #ended = new Map<Board, Set<AllocId>>()
  readonly #plans = new WeakMap<Board, { readonly boots: number; readonly plan: Plan }>()
  readonly #inStep = new Set<AllocId>()
  readonly #ending = new WeakSet<Alloc>()
  /** What was wrong with giving it up as that was decided, or null: a slow driver ends it much later. */
  readonly #givenUp = new Map<AllocId, string | null>()
  readonly #removed = new Set<string>()

  after(step: SeenStep): Finding[] {
    const found = [...this.#namings(step), ...this.#marks(step), ...this.#risen(step), ...fromOldDisk(step)]
    this.#noteGivenUp(step.state)
    return [...found, ...this.#endings(step)]
  }

  hasEnded(board: Board, alloc: AllocId): boolean {
    return this.#ended.get(board)?.has(alloc) === true
  }

  /** What it ended it may not know any more. */
  forgets(board: Board): void {
    this.#ended.delete(board)
  }

  /** What is made anew of that name counts from the beginning. */
  removed(job: string): void {
    this.#removed.add(job)
  }

  /** It ended in the middle of the step, or while several waited for its disk: what it ended then may not be written. */
  stepUndone(board: Board): void {
    if (board.syncingSince !== null) return this.forgets(board)
    for (const alloc of this.#inStep) this.#ended.get(board)?.delete(alloc)
  }

  /** The heir names every rival that it sees, or the others go one after another, and not at all behind one that cannot. */
  #namings({ board, state }: SeenStep): Finding[] {
    const found: Finding[] = []
    for (const alloc of state.allocs.values()) {
      const before = this.#over.get(alloc)
      this.#over.set(alloc, alloc.over)
      if (before === undefined || before === alloc.over || alloc.over.size === 0) continue
      const why = whyNotNamed(board, state, alloc)
      if (why !== null) found.push({ rule: 'names-all-rivals', what: `${board.spec.name} names others for ${alloc.slot}, ${why}` })
    }
    return found
  }

  #marks({ board, state }: SeenStep): Finding[] {
    const found: Finding[] = []
    for (const alloc of state.allocs.values()) {
      const before = this.#lost.get(alloc)
      this.#lost.set(alloc, alloc.lost)
      if (before === undefined || before === alloc.lost) continue
      const others = (state.view.claims.get(alloc.slot) ?? []).filter(({ node }) => node !== board.spec.id)
      const isCarriedOn = (node: NodeId, mark: number): boolean => others.some((claim) => (claim.lost.get(node) ?? 0) >= mark)
      for (const [node, mark] of alloc.lost)
        if (mark > (before.get(node) ?? 0) && mark >= alloc.generation && !isCarriedOn(node, mark))
          found.push({
            rule: 'marks-what-it-replaced',
            what: `${board.spec.name} marks generation ${mark} of ${alloc.slot} on ${node}, and is generation ${alloc.generation} itself`,
          })
    }
    return found
  }

  #risen({ board, state }: SeenStep): Finding[] {
    const ended = this.#ended.get(board)
    if (ended === undefined) return []
    return [...state.allocs.values()].flatMap(({ slot, alloc, generation, ending }): Finding[] => {
      if (!ended.has(alloc) || ending !== null || this.#removed.has(slotParts(slot).job)) return []
      ended.delete(alloc)
      return [
        { rule: 'ended-stays-ended', what: `${board.spec.name} goes on with generation ${generation} of ${slot}, which it had ended` },
      ]
    })
  }

  #noteGivenUp(state: State): void {
    for (const alloc of state.allocs.values()) {
      if (alloc.ending?.state !== 'withdrawn' || this.#ending.has(alloc)) continue
      this.#ending.add(alloc)
      const { slot, generation, body, startedAt, ending } = alloc
      const { form, version } = body
      const own = { slot, node: state.boot.config.self, generation, form, version, startedAt, reason: ending.reason }
      this.#givenUp.set(alloc.alloc, whyNotWithdrawn(state, own))
    }
  }

  /** Notes what is over, and judges what went for another claim before it ran. */
  #endings({ board, state }: SeenStep): Finding[] {
    this.#inStep.clear()
    const { plan } = state
    const before = this.#plans.get(board)
    if (plan === null || before?.plan === plan) return []
    this.#plans.set(board, { boots: board.boots, plan })
    // What cannot be written down is forgotten with the power.
    if (board.disk.fault !== null || board.held.size > 0) return []
    const ended = this.#ended.get(board) ?? new Set<AllocId>()
    this.#ended.set(board, ended)
    const found: Finding[] = []
    for (const own of plan.own.values()) {
      if (!hasEnded(own) || ended.has(own.alloc) || own.reason.startsWith('record-lost')) continue
      if (state.allocs.get(own.slot)?.alloc === own.alloc) continue
      ended.add(own.alloc)
      this.#inStep.add(own.alloc)
      const former = before?.boots === board.boots ? before.plan.own.get(own.slot) : undefined
      const isFresh = former?.alloc === own.alloc && !hasEnded(former)
      const decided = this.#givenUp.get(own.alloc)
      const why = own.state === 'withdrawn' && isFresh ? (decided === undefined ? whyNotWithdrawn(state, own) : decided) : null
      if (why !== null) found.push({ rule: 'gives-way-in-order', what: `${board.spec.name} gives ${own.slot} up: ${why}` })
    }
    return found
  }
}

function whyNotNamed(board: Board, state: State, { slot, over }: Alloc): string | null {
  const stopped = state.view.jobs.get(slotParts(slot).job)?.wishes.get(slot)?.stopGeneration ?? 0
  for (const claim of state.view.claims.get(slot) ?? []) {
    const { node, generation } = claim
    if (node === board.spec.id) continue
    const isNamed = over.get(node) === generation
    if (isNamed && isAhead(state, claim)) return `and generation ${generation} on ${node} at a version that is not known there`
    const isSeen = state.view.nodes.get(node)?.liveness === 'alive' && stands(state, claim, stopped)
    if (isSeen && !isNamed && !isAhead(state, claim)) return `and not generation ${generation} on ${node}`
  }
  return null
}

/** Changes of its job that it knows have not arrived here. */
function isAhead({ view }: State, { slot, version }: Claim): boolean {
  const job = view.jobs.get(slotParts(slot).job)
  return job === undefined || compareVersions(version, job.version) > 0
}

type OwnCopy = Pick<Claim, 'slot' | 'node' | 'generation' | 'form' | 'version' | 'startedAt' | 'reason'>

function whyNotWithdrawn(state: State, own: OwnCopy): string | null {
  const [, by] = /^not-needed: (\S+)/.exec(own.reason) ?? []
  const winner = state.view.claims.get(own.slot)?.find(({ node }) => node === by)
  if (by === undefined || winner === undefined) return null
  if (isAhead(state, winner)) return `${by} has it at a version that is not known there`
  if (winner.state === 'running') return null
  if (state.view.nodes.get(winner.node)?.liveness !== 'alive') return `${by} is not seen there`
  return comesBefore(state, own, winner) ? `generation ${winner.generation} on ${by} neither runs nor comes first` : null
}

/** What runs there that its disk does not know is newer than all that the disk knows and that does not run: that has ended since. */
function fromOldDisk({ board, state, event, effects }: SeenStep): Finding[] {
  // Of a driver that answers nothing it hears of no task, and cannot tell that its disk is old.
  if (event.kind !== 'boot' || board.isDriverSilent) return []
  const tasks = [...board.tasks.values()]
  const isOld =
    tasks.some((task) => state.allocs.get(task.slot)?.alloc !== task.alloc) ||
    effects.some((effect) => effect.kind === 'log' && takenUp.test(effect.message))
  if (!isOld) return []
  return [...state.allocs.values()]
    .filter(({ alloc, ending }) => ending === null && !tasks.some((task) => task.alloc === alloc))
    .map(({ slot }) => ({
      rule: 'old-disk-starts-nothing',
      what: `${board.spec.name} goes on with ${slot}, and runs what its disk does not know`,
    }))
}
