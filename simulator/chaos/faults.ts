// Carries faults out, and ends them. What overlaps is counted: a link is open again once no cut is left that closes it. Faults of
// boards, disks and drivers have files of their own.

import type { Board } from '../board.ts'
import {
  blackout,
  evict,
  isOver,
  join,
  later,
  leave,
  moveAddress,
  pause,
  powerCut,
  setClockRate,
  slowDown,
  takeDown,
  upgrade,
  upgradeAll,
} from './faults-boards.ts'
import { beginTwin, bootClone, endTwin, fillDisk, prepareDisk, putBackOldDisk, tearRecords, unparkBoard } from './faults-disks.ts'
import { armDeath } from './faults-deaths.ts'
import { breakDriver, crash, hangStops, makeUnwell, mendDriver, silenceDriver } from './faults-drivers.ts'
import { endMalice, turnMalicious } from './malice.ts'
import type { ChaosEvent, EventOf, Way } from './plan.ts'
import type { Stage } from './stage.ts'

/** Announces the event at its time, and what has to be done before. */
export function schedule(stage: Stage, event: ChaosEvent, act: (event: ChaosEvent) => void): void {
  stage.world.queue.at(event.at, () => {
    if (!stage.isOver) act(event)
  })
  prepareDisk(stage, event)
}

export function strike(stage: Stage, event: ChaosEvent): void {
  switch (event.kind) {
    case 'cut':
      return cut(stage, event.ways, event.forMs)
    case 'flap':
      return flap(stage, event, stage.world.queue.now + event.forMs)
    case 'bad-links':
      return worsenLinks(stage, event)
    case 'kill':
      return takeDown(stage, event.board, event.forMs, (board) => stage.world.kill(board))
    case 'power-cut':
      return powerCut(stage, event)
    case 'death':
      return armDeath(stage, event)
    case 'old-disk':
      return putBackOldDisk(stage, event)
    case 'pause':
      return pause(stage, event)
    case 'blackout':
      return blackout(stage, event)
    case 'disk-full':
      return fillDisk(stage, event)
    case 'driver':
      return breakDriver(stage, event)
    case 'silent-driver':
      return silenceDriver(stage, event)
    case 'crash':
      return crash(stage, event)
    case 'torn-records':
      return tearRecords(stage, event)
    case 'clone':
      return bootClone(stage, event)
    case 'twin':
      return beginTwin(stage, event)
    case 'slow-link':
      return narrowLink(stage, event)
    case 'slow-cpu':
      return slowDown(stage, event)
    case 'clock-rate':
      return setClockRate(stage, event)
    case 'address':
      return moveAddress(stage, event)
    case 'upgrade':
      return upgrade(stage, event)
    case 'join':
      return join(stage, event)
    case 'leave':
      return leave(stage, event)
    case 'slow-stops':
      return hangStops(stage, event)
    case 'malice':
      return turnMalicious(stage, event)
    case 'unwell':
      return makeUnwell(stage, event)
    case 'clock':
      stage.world.board(event.board).wallAheadMs = event.aheadMs
      return
    default:
      return
  }
}

function cut(stage: Stage, ways: readonly Way[], forMs: number): void {
  const { world, cuts } = stage
  cuts.add(ways)
  for (const [from, to] of ways) world.cut(world.board(from), world.board(to), true)
  later(stage, forMs, () => {
    cuts.delete(ways)
    const closed = new Set([...cuts].flat().map(([from, to]) => `${from}>${to}`))
    for (const [from, to] of ways) if (!closed.has(`${from}>${to}`)) world.links.open(world.board(from), world.board(to))
  })
}

function flap(stage: Stage, event: EventOf<'flap'>, until: number): void {
  if (stage.world.queue.now >= until) return
  // A copy of the list: each closing is a cut of its own.
  cut(stage, [...event.ways], event.periodMs >> 1)
  later(stage, event.periodMs, () => flap(stage, event, until))
}

function worsenLinks(stage: Stage, event: EventOf<'bad-links'>): void {
  const { world, badLinks, linkPrng } = stage
  const apply = (): void => {
    const worst = [...badLinks].at(-1)
    world.links.faults =
      worst === undefined
        ? null
        : { prng: linkPrng, loss: worst.lossPercent / 100, duplicate: worst.duplicatePercent / 100, lateMs: worst.lateMs, isTcp: true }
  }
  badLinks.add(event)
  apply()
  later(stage, event.forMs, () => {
    badLinks.delete(event)
    apply()
  })
}

/** A board behind a line of few kbit/s; the last such line counts. */
function narrowLink(stage: Stage, event: EventOf<'slow-link'>): void {
  const { world, witness } = stage
  const { id } = world.board(event.board).spec
  world.links.uplinks.set(id, event.kbitPerS)
  witness.saw('thin-line')
  later(stage, event.forMs, () => world.links.uplinks.set(id, null))
}

/** Everything that was broken works again, and every board runs. */
export function endAllFaults(stage: Stage): void {
  const { world } = stage
  stage.isOver = true
  stage.cuts.clear()
  stage.badLinks.clear()
  stage.unwell.clear()
  world.links.faults = null
  world.links.uplinks.clear()
  world.tasks.stopMs = 10
  for (const board of [...stage.parked.keys()]) unparkBoard(stage, board)
  for (const board of [...stage.twins.keys()]) endTwin(stage, board)
  stage.absent.clear()
  endMalice(stage)
  if (stage.isPlanRaised) upgradeAll(stage)
  const broken = new Set([...stage.driverFaults].map((fault) => fault.board))
  stage.driverFaults.clear()
  for (const board of world.boards.values()) {
    if (board.syncingSince !== null) world.kill(board)
    board.death = null
    board.stepMs = 0
    world.resume(board)
    if (board.disk.isFull) world.freeDisk(board)
    if (board.isDriverSilent) broken.add(board.spec.name)
    board.isDriverSilent = false
    if (isOver(stage, board)) continue
    if (board.core === null) world.boot(board)
    if (broken.has(board.spec.name)) mendDriver(stage, board)
  }
  world.heal()
  evictTheGone(stage)
}

/**
 * Whoever left for good is evicted at last, or its copies would be waited for. An operator who did not know all that others had written
 * about it sees later that it was in vain, and does it again.
 */
export function evictTheGone(stage: Stage): void {
  for (const board of stage.gone) {
    const peer = [...stage.world.boards.values()].find(
      (other) => !isOver(stage, other) && other.spec.pool === board.spec.pool && !isEvictedThere(other),
    )
    const isKnown = peer?.core?.state?.view.nodes.get(board.spec.id)?.evicted === true
    if (peer !== undefined && !isKnown) evict(stage, board, peer.spec.name)
  }
}

function isEvictedThere(board: Board): boolean {
  return board.core?.state?.view.nodes.get(board.spec.id)?.evicted === true
}
