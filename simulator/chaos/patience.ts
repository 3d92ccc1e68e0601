// What may be wrong for a moment and must not stay so, during the chaos too: looked at every few seconds on every board that can act, and
// told once it has lasted for longer than the rule allows.

import type { JobId, SlotId } from '../../crdt/ids.ts'
import type { GroupSpec } from '../../crdt/spec.ts'
import { hasEnded } from '../../crdt/view.ts'
import { silentSince } from '../../node/core/liveness/liveness.ts'
import { type State, isEvicted } from '../../node/core/state.ts'
import { type Board, isWhole } from '../board.ts'
import { usedOn } from './board-order.ts'
import { wrongInCore } from './core-rules.ts'
import type { Finding, Lasting } from './invariants.ts'
import { apartness, isAskedFor } from './fitness.ts'
import { type Wrong, isAttentive } from './lasting.ts'
import { hasOthers, seesHalf, stands } from './replacements.ts'
import { type Slot, doneBy, wantedSlots } from './slots.ts'
import type { Stage } from './stage.ts'
import { awaitsSuccessor } from './successors.ts'

/** How long each may last, virtual ms. */
export const patienceMs = {
  /** A task may take 20 s to end. */
  'evicted-stops': 60_000,
  'orphans-end': 90_000,
  /** In the very step in which it learns of it, but for what waits for another plan. */
  'done-stops': 15_000,
  /** Progress is told within seconds; what nobody decides by may wait. */
  'tells-what-runs': 60_000,
  /** A silent cut is noticed within about ten seconds, and a slow board's doubt adds eight. */
  'silence-noticed': 45_000,
  /** Each board that is asked before and cannot answer costs ten seconds, and there are at most nine. */
  'vacancy-filled': 90_000,
  'alone-stops': 30_000,
  /** Documents are compared with one neighbour at random every half a minute, and with each when the two connect. */
  'lost-returns': 120_000,
  /** One exchange more, since boards outside may be the neighbours that are asked. */
  'core-knows': 180_000,
  /** A board outside that comes and goes may be the one to stay, and counts after five minutes of contact at the latest. */
  'core-runs-once': 300_000,
} as const satisfies Record<Lasting, number>

export class Patience {
  readonly #since = new Map<string, number>()
  readonly #told = new Set<string>()

  look(stage: Stage): Finding[] {
    const { now } = stage.world.queue
    const seen = new Set<string>()
    const found: Finding[] = []
    for (const board of stage.world.boards.values()) {
      const state = board.core?.state
      if (state == null || !isAttentive(stage, board, state)) continue
      for (const { rule, key, what } of wrongAt(stage, board, state)) {
        // A board that boots has its time again.
        const id = `${rule} ${board.spec.name} ${board.boots} ${key}`
        seen.add(id)
        const since = this.#since.get(id) ?? now
        this.#since.set(id, since)
        if (now - since < patienceMs[rule] || this.#told.has(id)) continue
        this.#told.add(id)
        found.push({ rule, what: `${board.spec.name}: for ${now - since} ms ${what}` })
      }
    }
    for (const id of this.#since.keys()) if (!seen.has(id)) this.#since.delete(id)
    return found
  }
}

function wrongAt(stage: Stage, board: Board, state: State): Wrong[] {
  const isEvicted = state.view.nodes.get(board.spec.id)?.evicted === true
  return [
    ...(isEvicted ? evictedThatRuns(board) : [...untold(board, state), ...vacancies(stage, board, state)]),
    ...orphans(board, state),
    ...doneElsewhere(state),
    ...unreturned(stage, board, state),
    ...unnoticed(stage, board, state),
    ...aloneForTooLong(stage, board, state),
    ...wrongInCore(stage, board, state),
  ]
}

function evictedThatRuns(board: Board): Wrong[] {
  if (board.isDriverSilent) return []
  return [...board.tasks.keys()].map((id) => ({ rule: 'evicted-stops', key: id, what: `it knows that it is evicted and runs ${id}` }))
}

function orphans(board: Board, state: State): Wrong[] {
  if (board.isDriverSilent) return []
  return [...board.tasks.values()]
    .filter(({ slot, alloc, id }) => {
      const claim = state.allocs.get(slot)
      const [namespace = '', name = ''] = slot.split('/')
      if (!state.view.jobs.has(`${namespace}/${name}` as JobId)) return false
      return claim?.alloc !== alloc || !([...claim.body.tasks.values()].some((task) => task.id === id) || claim.leaving.has(id))
    })
    .map(({ id }) => ({ rule: 'orphans-end', key: id, what: `nothing there claims ${id}, which runs` }))
}

function untold(board: Board, { allocs, view }: State): Wrong[] {
  return [...allocs.values()].flatMap((alloc): Wrong[] => {
    const told = view.claims.get(alloc.slot)?.find((claim) => claim.node === board.spec.id)
    const texts = [alloc, told].map((one) => `${one?.alloc} ${one?.generation} ${one?.state} ${one?.healthy}`)
    if (texts[0] === texts[1] && told?.form === alloc.body.form) return []
    return [
      {
        rule: 'tells-what-runs',
        key: `${alloc.slot} ${texts.join()}`,
        what: `it says of ${alloc.slot} ${texts[1]}, and it is ${texts[0]}`,
      },
    ]
  })
}

function doneElsewhere({ allocs, view }: State): Wrong[] {
  return [...allocs.values()].flatMap(({ slot, alloc, ending }): Wrong[] => {
    const done = doneBy(view, slot)
    if (done === undefined || ending !== null) return []
    return [{ rule: 'done-stops', key: alloc, what: `it goes on with ${slot}, which ${done.node} has done` }]
  })
}

/** What operators wrote and this disk has lost, while a board at the other end of a line that is good has it. */
function unreturned(stage: Stage, board: Board, state: State): Wrong[] {
  if (state.lacking.size === 0) return []
  const { links } = stage.world
  const isGood = (end: Board): boolean => links.faults === null && !links.uplinks.isThin(end.spec.id)
  const peers = [...stage.world.boards.values()].flatMap((other) => {
    const known = other.core?.state
    const isThere = known != null && isWhole(board, other) && links.isOpen(board, other) && links.isOpen(other, board)
    if (!isThere || !isGood(board) || !isGood(other) || !isAttentive(stage, other, known)) return []
    return isEvicted(state, other.spec.id) || isEvicted(known, board.spec.id) || isEvicted(known, other.spec.id) ? [] : [{ other, known }]
  })
  return [...state.docs.values()].flatMap(({ id, kind, envelopes }): Wrong[] => {
    const lost = kind === 'node' ? undefined : envelopes.find(({ hash }) => state.lacking.has(hash))?.hash
    const has = peers.find(
      ({ known }) =>
        lost !== undefined && !known.lacking.has(lost) && known.docs.get(id)?.envelopes.some(({ hash }) => hash === lost) === true,
    )
    if (has === undefined) return []
    return [{ rule: 'lost-returns', key: `${id} ${lost}`, what: `it lacks a change of ${id} that ${has.other.spec.name} has` }]
  })
}

function unnoticed(stage: Stage, board: Board, { view }: State): Wrong[] {
  return [...stage.world.boards.values()].flatMap((other): Wrong[] => {
    const isDown = other.core === null || other.pausedUntil > stage.world.queue.now
    // The other machine with its key is there.
    if (stage.twins.has(other)) return []
    // An edge stands for as long as its watcher says so: one that is too slow for what it hears says so for long.
    if ([...stage.world.boards.values()].some((watcher) => watcher !== other && stage.witness.isBehind(watcher))) return []
    if (other === board || !isDown || view.nodes.get(other.spec.id)?.liveness !== 'alive') return []
    return [{ rule: 'silence-noticed', key: `${other.spec.name} ${other.boots}`, what: `${other.spec.name} is down and counts as alive` }]
  })
}

function aloneForTooLong(stage: Stage, board: Board, state: State): Wrong[] {
  const aloneMs = stage.witness.aloneMs(board)
  return [...state.allocs.values()].flatMap((alloc): Wrong[] => {
    const limit = alloc.body.group.disconnect.stopOnClientAfterMs
    if (limit === null || alloc.ending !== null || !hasOthers(board, state) || aloneMs < limit) return []
    return [{ rule: 'alone-stops', key: alloc.alloc, what: `it is alone for longer than ${limit} ms, and keeps ${alloc.slot}` }]
  })
}

/** Slots that nobody holds and that this board itself could take: sooner or later somebody does. */
function vacancies(stage: Stage, board: Board, state: State): Wrong[] {
  const { view, liveness, planVersion } = state
  if (view.fleet.planVersion > planVersion || board.isDriverSilent) return []
  const self = view.nodes.get(board.spec.id)
  if (self === undefined || self.draining || !self.eligible || self.documentFull || state.leavingOrphans.size > 0) return []
  // Replacements after a mass event are paced.
  const members = [...view.nodes.values()].filter((node) => !node.evicted && node.liveness !== 'left')
  const silent = members.filter((node) => node.liveness !== 'alive').length
  if (3 * silent > members.length && silent > 1) return []
  const since = silentSince(liveness)
  const now = stage.world.clockOf(board)
  const aloneMs = stage.witness.aloneMs(board)
  const found: Wrong[] = []
  for (const { slot, job, spec, group } of wanted(state)) {
    const claims = view.claims.get(slot) ?? []
    const stopped = view.jobs.get(job)?.wishes.get(slot)?.stopGeneration ?? 0
    const standing = claims.filter((claim) => stands(state, claim, stopped))
    const { replace, replaceAfterMs, partition, stopOnClientAfterMs } = group.disconnect
    // Here it would be stopped at once.
    if (stopOnClientAfterMs !== null && aloneMs >= stopOnClientAfterMs) continue
    const isHeld = standing.some(
      ({ node }) => view.nodes.get(node)?.liveness === 'alive' || now - (since.get(node) ?? now) < replaceAfterMs,
    )
    if (isHeld || (standing.length > 0 && !replace) || (partition === 'half' && !seesHalf(state, spec, group))) continue
    if (awaitsSuccessor(state, slot, group, now)) continue
    if (apartness(spec, group) !== null || hasFailed(state, slot) || !isAskedFor(spec, group, self) || !hasRoom(stage, board, state, group))
      continue
    found.push({
      rule: 'vacancy-filled',
      key: slot,
      what: `nobody takes ${slot} (${state.plan?.bySlot.get(slot)?.reason}), which fits there`,
    })
  }
  return found
}

function wanted({ view, boot: { config } }: State): Slot[] {
  return wantedSlots(view).filter(({ spec, owner }) => spec.pool === config.pool && (owner === null || owner === config.self))
}

/** `reschedule` may wait, and a board on which it failed comes last. */
function hasFailed({ view, ended }: State, slot: SlotId): boolean {
  if (ended.get(slot)?.reason.startsWith('alone:') === true) return true
  if ((view.claims.get(slot) ?? []).some((claim) => claim.state === 'failed')) return true
  return [...view.nodes.values()].some((node) => node.verdicts.get(slot)?.some(({ failures }) => failures > 0) === true)
}

/** By what runs there, and by what it has claimed besides. */
function hasRoom(stage: Stage, board: Board, { allocs }: State, group: GroupSpec): boolean {
  const { capacity } = board.spec
  if (capacity === undefined || board.saysCapacity !== null) return false
  const used = usedOn(board.tasks.values(), stage.witness.asks)
  const bound = new Set([...board.tasks.values()].flatMap((task) => Object.values(task.ports)))
  const asks = [
    group,
    ...[...allocs.values()]
      .filter((alloc) => !hasEnded(alloc))
      .flatMap((alloc) => [alloc.body.group, alloc.next?.group ?? alloc.body.group]),
  ]
  for (const one of asks) {
    if (one !== group) for (const port of one.network.ports) if (port.static !== null) bound.add(port.static)
    used.diskMib += one.diskMib
    for (const { resources } of one.tasks) {
      used.cpuMhz += resources.cpuMhz
      used.memoryMib += resources.memoryMib
    }
  }
  if (group.network.ports.some((port) => port.static !== null && bound.has(port.static))) return false
  return used.cpuMhz <= capacity.cpuMhz && used.memoryMib <= capacity.memoryMib && used.diskMib <= capacity.diskMib
}
