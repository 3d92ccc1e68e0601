// Carries faults out. What overlaps is counted: a link is open again once no cut is left that closes it. Faults of
// boards, disks and drivers have files of their own.

import type { Board } from '../board.ts'
import { isOutside, waysOutside } from './core-phase.ts'
import { blackout, join, later, leave, moveAddress, pause, powerCut, setClockRate, slowDown, takeDown, upgrade } from './faults-boards.ts'
import { beginTwin, bootClone, failDisk, prepareDisk, putBackOldDisk, tearRecords } from './faults-disks.ts'
import { armDeath } from './faults-deaths.ts'
import { breakDriver, crash, hangStops, makeUnwell, silenceDriver } from './faults-drivers.ts'
import { turnMalicious } from './malice.ts'
import type { ChaosEvent, EventOf, Way } from './plan.ts'
import type { Stage } from './stage.ts'

/** Announces the event at its time, and what has to be done before. */
export function schedule(stage: Stage, event: ChaosEvent, act: (event: ChaosEvent) => void): void {
  stage.world.queue.at(event.at, () => {
    if (!stage.isOver || isOutside(stage, event)) act(event)
  })
  prepareDisk(stage, event)
}

export function strike(stage: Stage, event: ChaosEvent): void {
  switch (event.kind) {
    case 'long-cut':
      stage.witness.saw('cut-for-long')
      return cut(stage, event.ways, event.forMs)
    case 'cut':
      return cut(stage, event.ways, event.forMs)
    case 'flap':
      return flap(stage, event, stage.world.queue.now + event.forMs)
    case 'bad-links':
      return worsenLinks(stage, event)
    case 'tails':
      return drawOutLinks(stage, event)
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
      return failDisk(stage, event, 'full')
    case 'disk-error':
      stage.witness.saw(`disk-${event.how}`)
      return failDisk(stage, event, event.how)
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

function cut(stage: Stage, drawn: readonly Way[], forMs: number): void {
  const { world, cuts } = stage
  const ways = stage.isOver ? waysOutside(stage, drawn) : drawn
  cuts.add(ways)
  for (const [from, to] of ways) world.cut(world.board(from), world.board(to), true)
  const end = (): void => {
    cuts.delete(ways)
    const closed = new Set([...cuts].flat().map(([from, to]) => `${from}>${to}`))
    for (const [from, to] of ways) if (!closed.has(`${from}>${to}`)) world.links.open(world.board(from), world.board(to))
  }
  later(stage, forMs, end, boardsOf(stage, ways))
}

function boardsOf({ world }: Stage, ways: readonly Way[]): Board[] {
  return [...new Set(ways.flat())].map((name) => world.board(name))
}

function flap(stage: Stage, event: EventOf<'flap'>, until: number): void {
  if (stage.world.queue.now >= until) return
  // A copy of the list: each closing is a cut of its own.
  cut(stage, [...event.ways], event.periodMs >> 1)
  later(stage, event.periodMs, () => flap(stage, event, until), boardsOf(stage, event.ways))
}

function worsenLinks(stage: Stage, event: EventOf<'bad-links'>): void {
  const { badLinks } = stage
  badLinks.add(event)
  applyToLinks(stage)
  later(stage, event.forMs, () => {
    badLinks.delete(event)
    applyToLinks(stage)
  })
}

function drawOutLinks(stage: Stage, event: EventOf<'tails'>): void {
  const { tails, witness } = stage
  witness.saw('tails')
  tails.add(event)
  applyToLinks(stage)
  later(stage, event.forMs, () => {
    tails.delete(event)
    applyToLinks(stage)
  })
}

/** Of each the one that came last. */
function applyToLinks({ world, badLinks, tails, linkPrng }: Stage): void {
  const worst = [...badLinks].at(-1)
  const longest = [...tails].at(-1)
  if (worst === undefined && longest === undefined) {
    world.links.faults = null
    return
  }
  const { lossPercent = 0, duplicatePercent = 0, lateMs = 0 } = worst ?? {}
  const bad = { prng: linkPrng, loss: lossPercent / 100, duplicate: duplicatePercent / 100, lateMs, isTcp: true }
  const { perMille = 0, leastMs = 0, mostMs = 0 } = longest ?? {}
  world.links.faults = longest === undefined ? bad : { ...bad, tail: { chance: perMille / 1_000, leastMs, mostMs } }
}

/** A board behind a line of few kbit/s; the last such line counts. */
function narrowLink(stage: Stage, event: EventOf<'slow-link'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  const { id } = board.spec
  world.links.uplinks.set(id, event.kbitPerS)
  witness.saw('thin-line')
  later(stage, event.forMs, () => world.links.uplinks.set(id, null), [board])
}
