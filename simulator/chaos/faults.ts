// Carries faults out, and ends them. What overlaps is counted: a link is open again once no cut is left that closes it.

import type { Fingerprint } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import type { ChaosEvent, EventOf, Way } from './plan.ts'
import type { Stage } from './stage.ts'

/** Announces the event at its time, and what has to be done before. */
export function schedule(stage: Stage, event: ChaosEvent, act: (event: ChaosEvent) => void): void {
  const { queue } = stage.world
  queue.at(event.at, () => {
    if (!stage.isOver) act(event)
  })
  if (event.kind !== 'old-disk') return
  queue.at(Math.max(0, event.at - event.ageMs), () => {
    images.set(event, { disk: new Map(stage.world.board(event.board).disk), at: queue.now })
  })
}

/** Disk images taken for later, by the event that will put them back. */
const images = new WeakMap<ChaosEvent, { readonly disk: ReadonlyMap<string, Uint8Array>; readonly at: number }>()

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
    case 'crash':
      return crash(stage, event)
    case 'clock':
      stage.world.board(event.board).wallAheadMs = event.aheadMs
      return
    default:
      return
  }
}

function later(stage: Stage, ms: number, act: () => void): void {
  stage.world.queue.after(ms, () => {
    if (!stage.isOver) act()
  })
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

function takeDown(stage: Stage, name: string, forMs: number, down: (board: Board) => void): void {
  const board = stage.world.board(name)
  if (board.core === null) return
  down(board)
  later(stage, forMs, () => {
    if (board.core === null) stage.world.boot(board)
  })
}

function powerCut(stage: Stage, event: EventOf<'power-cut'>): void {
  takeDown(stage, event.board, event.forMs, (board) => {
    if (event.afterEffects === null) return losePower(stage, board, event.lostWrites)
    // It takes a step for the power to fail in; by the time the board is to come back there has been one.
    board.effectsLeft = event.afterEffects
    stage.witness.saw('cut-mid-step')
  })
}

function losePower(stage: Stage, board: Board, lostWrites: number): void {
  if (lostWrites > 0 && board.unsynced.length > 0) stage.witness.saw('writes-undone')
  stage.world.powerCut(board, lostWrites)
}

function putBackOldDisk(stage: Stage, event: EventOf<'old-disk'>): void {
  const { world, witness } = stage
  const image = images.get(event)
  const board = world.board(event.board)
  if (image === undefined || board.core === null) return
  if (event.isPowerCut) losePower(stage, board, 0)
  else world.kill(board)
  board.held = null
  board.unsynced = []
  board.disk.clear()
  for (const [key, value] of image.disk) board.disk.set(key, value)
  witness.diskReplaced(board, image.at)
  later(stage, event.forMs, () => {
    if (board.core === null) world.boot(board)
  })
}

function pause(stage: Stage, event: EventOf<'pause'>): void {
  const board = stage.world.board(event.board)
  board.pausedUntil = Math.max(board.pausedUntil, stage.world.queue.now + event.forMs)
}

function blackout(stage: Stage, event: EventOf<'blackout'>): void {
  const spreadMs = 2_000
  for (const [index, board] of [...stage.world.boards.values()].entries()) {
    const forMs = event.forMs + ((index * 733) % spreadMs)
    takeDown(stage, board.spec.name, forMs, () => losePower(stage, board, 0))
  }
}

function fillDisk(stage: Stage, event: EventOf<'disk-full'>): void {
  const board = stage.world.board(event.board)
  if (board.held !== null) return
  stage.world.fillDisk(board)
  later(stage, event.forMs, () => {
    if (board.held !== null) stage.world.freeDisk(board)
  })
}

const well: Fingerprint = { health: { healthy: true, reason: '' }, attributes: {}, images: [] }
const unwell: Fingerprint = { health: { healthy: false, reason: 'no answer' }, attributes: {}, images: [] }

function breakDriver(stage: Stage, event: EventOf<'driver'>): void {
  const board = stage.world.board(event.board)
  stage.driverFaults.add(event)
  stage.witness.excuse('broken', event.board)
  if (event.code === 'E_DRIVER_DOWN') tellDriver(stage, board, unwell)
  later(stage, event.forMs, () => {
    stage.driverFaults.delete(event)
    if (event.code === 'E_DRIVER_DOWN') mendDriver(stage, board)
  })
}

function tellDriver(stage: Stage, board: Board, fingerprint: Fingerprint): void {
  const { world } = stage
  world.feed(board, { kind: 'fingerprint', now: world.queue.now, driver: 'raw_exec', fingerprint })
}

/** As the real node does once an engine answers again: it says so, and what the engine runs. */
function mendDriver(stage: Stage, board: Board): void {
  const { world } = stage
  tellDriver(stage, board, well)
  world.feed(board, { kind: 'adopted', now: world.queue.now, running: [...board.tasks.values()] })
}

function crash(stage: Stage, event: EventOf<'crash'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  const tasks = [...board.tasks.values()]
  const task = tasks[event.nth % Math.max(1, tasks.length)]
  // What ends while no agent runs is a matter of adoption, and of the acceptance suites.
  if (task === undefined || board.core === null) return
  witness.copyGone(board, task.slot)
  witness.excuse('broken', event.board)
  world.crash(board, task.slot, task.task)
}

/** Everything that was broken works again, and every board runs. */
export function endAllFaults(stage: Stage): void {
  const { world } = stage
  stage.isOver = true
  stage.cuts.clear()
  stage.badLinks.clear()
  world.links.faults = null
  const broken = new Set([...stage.driverFaults].map((fault) => fault.board))
  stage.driverFaults.clear()
  for (const board of world.boards.values()) {
    board.effectsLeft = null
    board.pausedUntil = 0
    if (board.held !== null) world.freeDisk(board)
    if (board.core === null) world.boot(board)
    if (broken.has(board.spec.name)) mendDriver(stage, board)
  }
  world.heal()
}
