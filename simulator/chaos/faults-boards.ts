// Faults of whole boards: agents killed, power lost, boards that pause, are slow, count time wrongly, move to another address, join late
// or leave for good.

import { atRate } from '../board-clock.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { opsDocId } from '../../crdt/ids.ts'
import type { Board } from '../board.ts'
import { powerFailsAfter } from '../deaths.ts'
import type { EventOf } from './plan.ts'
import { put } from './put.ts'
import type { Stage } from './stage.ts'

/** Once all faults have ended only what is about one of `boards` outside the core still comes. */
export function later(stage: Stage, ms: number, act: () => void, boards: readonly Board[] = []): void {
  stage.world.queue.after(ms, () => {
    if (!stage.isOver || (!stage.isSettled && boards.some((board) => stage.outside.has(board)))) act()
  })
}

export function bootLater(stage: Stage, board: Board, ms: number): void {
  const boot = (): void => {
    if (board.core === null && !isOver(stage, board)) stage.world.boot(board)
  }
  later(stage, ms, boot, [board])
}

/** It went for good: without a word, or by its own. */
export function isOver({ gone, witness }: Stage, board: Board): boolean {
  return gone.has(board) || witness.leaving.left.has(board)
}

export function takeDown(stage: Stage, name: string, forMs: number, down: (board: Board) => void): void {
  const board = stage.world.board(name)
  if (board.core === null) return
  down(board)
  bootLater(stage, board, forMs)
}

export function powerCut(stage: Stage, event: EventOf<'power-cut'>): void {
  takeDown(stage, event.board, event.forMs, (board) => {
    if (event.afterEffects === null) return losePower(stage, board, event.lostWrites)
    // It takes a step for the power to fail in; by the time the board is to come back there has been one.
    board.death = powerFailsAfter(event.afterEffects, () => stage.witness.stepsUndone(board))
    stage.witness.saw('cut-mid-step')
  })
}

export function losePower(stage: Stage, board: Board, lostWrites: number): void {
  if (lostWrites > 0 && board.disk.unsynced.length > 0) stage.witness.writesUndone(board)
  stage.world.powerCut(board, lostWrites)
}

export function blackout(stage: Stage, event: EventOf<'blackout'>): void {
  const spreadMs = 2_000
  stage.witness.saw('all-booted-at-once')
  for (const [index, board] of [...stage.world.boards.values()].entries()) {
    const forMs = event.forMs + ((index * 733) % spreadMs)
    takeDown(stage, board.spec.name, forMs, () => losePower(stage, board, 0))
  }
}

export function pause(stage: Stage, event: EventOf<'pause'>): void {
  const board = stage.world.board(event.board)
  board.pausedUntil = Math.max(board.pausedUntil, stage.world.queue.now + event.forMs)
  stage.witness.rules.behindUntil(board, board.pausedUntil)
}

export function slowDown(stage: Stage, event: EventOf<'slow-cpu'>): void {
  const board = stage.world.board(event.board)
  board.stepMs = event.stepMs
  stage.witness.saw('slow-board')
  later(stage, event.forMs, () => (board.stepMs = 0), [board])
}

export function setClockRate(stage: Stage, event: EventOf<'clock-rate'>): void {
  const board = stage.world.board(event.board)
  board.clock = atRate(board.clock, event.ppm, stage.world.queue.now)
  stage.witness.saw('clock-drifted')
}

/** Its connections end without a word, and only who knows the new address can dial it. */
export function moveAddress(stage: Stage, event: EventOf<'address'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  if (board.core === null) return
  world.links.moveAddress(board)
  witness.saw('address-changed')
}

export function upgrade(stage: Stage, event: EventOf<'upgrade'>): void {
  const { world, upgraded, witness } = stage
  const board = world.board(event.board)
  if (upgraded.has(board.spec.id)) return
  upgraded.add(board.spec.id)
  witness.saw('agent-upgraded')
  takeDown(stage, event.board, event.forMs, () => world.kill(board))
}

/** Whoever has raised the plan version has to see to it that every agent knows it: until then some boards take nothing new. */
export function upgradeAll({ world, upgraded }: Stage): void {
  for (const board of world.boards.values()) {
    if (upgraded.has(board.spec.id)) continue
    upgraded.add(board.spec.id)
    if (board.core !== null) world.kill(board)
  }
}

export function join(stage: Stage, event: EventOf<'join'>): void {
  const board = stage.world.board(event.board)
  if (!stage.absent.delete(board)) return
  stage.world.boot(board)
  stage.witness.saw('joined-late')
}

/** It never comes back; after a while an operator says so to the others. */
export function leave(stage: Stage, event: EventOf<'leave'>): void {
  const board = stage.world.board(event.board)
  if (isOver(stage, board) || stage.absent.has(board) || stage.parked.has(board)) return
  losePower(stage, board, 0)
  stage.gone.add(board)
  stage.witness.saw('left-for-good')
  later(stage, event.evictAfterMs, () => evict(stage, board, event.via))
}

export function evict(stage: Stage, board: Board, via: string): void {
  stage.witness.excuse('evicted', board.spec.name)
  put(stage, via, opsDocId(board.spec.id), () => new Map([[opsPaths.evicted, true]]))
}
