// Faults of disks: full, an old image put back, the disk of another moment in a second machine with the same key, records that a power
// cut tears. What only such a disk had may be gone with it, and the witness is told so.

import { opsPaths } from '../../crdt/documents/ops.ts'
import { opsDocId } from '../../crdt/ids.ts'
import type { AdoptedTask } from '../../node/core/ports.ts'
import type { Board } from '../board.ts'
import type { DiskFault } from '../disk.ts'
import { createPrng } from '../prng.ts'
import { bootTwin, removeTwin } from '../twins.ts'
import { bootLater, later, losePower, takeDown } from './faults-boards.ts'
import type { ChaosEvent, EventOf } from './plan.ts'
import { put } from './put.ts'
import type { Stage } from './stage.ts'

type Disk = ReadonlyMap<string, Uint8Array>

interface Image {
  readonly disk: Disk
  /** Whether a second machine was in the board's place when it was taken. */
  readonly isOfClone: boolean
}

/** Disk images taken for later, by the event that will put them back. */
const images = new WeakMap<ChaosEvent, Image>()

/** What has to be done before the event's time. */
export function prepareDisk(stage: Stage, event: ChaosEvent): void {
  if (event.kind !== 'old-disk' && event.kind !== 'clone' && event.kind !== 'twin') return
  const { world } = stage
  world.queue.at(Math.max(0, event.at - event.ageMs), () => {
    const board = world.board(event.board)
    images.set(event, { disk: new Map(board.disk), isOfClone: stage.parked.has(board) })
  })
}

/** An agent is back so soon once somebody has restarted it, if it finds a disk. */
const restartMs = 1_000

export function failDisk(stage: Stage, event: EventOf<'disk-full'> | EventOf<'disk-error'>, fault: DiskFault): void {
  const board = stage.world.board(event.board)
  if (board.disk.fault !== null) return
  stage.world.fillDisk(board, fault)
  stage.witness.diskFilled(board)
  const free = (): void => {
    if (board.awaitsDisk) stage.witness.saw('disk-kept-down')
    if (board.disk.fault !== null) stage.world.freeDisk(board)
  }
  later(stage, event.forMs, free, [board])
  if (event.kind !== 'disk-error' || event.killAfterMs === null) return
  later(stage, event.killAfterMs, () => takeDown(stage, event.board, restartMs, () => stage.world.kill(board)), [board])
}

function putIn(board: Board, disk: Disk): void {
  board.held.clear()
  board.disk.replaceBy(disk)
}

export function putBackOldDisk(stage: Stage, event: EventOf<'old-disk'>): void {
  const { world, witness } = stage
  const image = images.get(event)
  const board = world.board(event.board)
  // Of a board that has left, somebody puts back what it was before.
  if (image === undefined || (board.core === null && !witness.leaving.left.has(board))) return
  if (board.core === null) witness.saw('left-put-back')
  if (event.isPowerCut) losePower(stage, board, 0)
  else world.kill(board)
  putIn(board, image.disk)
  witness.diskReplaced(board)
  // The disk that it has now was never in this machine: it claims other copies than those that run here.
  if (image.isOfClone !== stage.parked.has(board)) for (const id of board.tasks.keys()) witness.excuse('disk-of-another', id)
  bootLater(stage, board, event.forMs)
}

/**
 * A second machine with this board's key and an older image of its disk takes its place in the network for a while, with nothing
 * running; then the first comes back, with its own disk and the tasks that went on there. Never both at once: that is `beginTwin`.
 */
export function bootClone(stage: Stage, event: EventOf<'clone'>): void {
  const { world, witness } = stage
  const image = images.get(event)
  const board = world.board(event.board)
  if (image === undefined || board.core === null || stage.parked.has(board)) return
  world.kill(board)
  stage.parked.set(board, { disk: new Map(board.disk), tasks: new Map(board.tasks) })
  witness.allGone(board)
  board.tasks.clear()
  board.ended.clear()
  putIn(board, image.disk)
  witness.diskReplaced(board)
  world.boot(board)
  witness.saw('clone-ran')
  later(stage, event.forMs, () => unparkBoard(stage, board))
}

/** A second machine with this board's key and an older image of its disk, while the first goes on. */
export function beginTwin(stage: Stage, event: EventOf<'twin'>): void {
  const { world, witness } = stage
  const image = images.get(event)
  const board = world.board(event.board)
  if (image === undefined || board.core === null || stage.parked.has(board) || stage.twins.has(board)) return
  const twin = bootTwin(world, board, image.disk)
  stage.twins.set(board, twin)
  witness.twinRuns(board, twin)
  later(stage, event.forMs, () => endTwin(stage, board))
}

/** Somebody has switched the second machine off. */
export function endTwin(stage: Stage, board: Board): void {
  const twin = stage.twins.get(board)
  if (twin === undefined) return
  stage.twins.delete(board)
  removeTwin(stage.world, twin)
}

/** An operator keeps the machines that are there: whatever else has run with their keys is sent away, should it ever come back. */
export function sendTwinsAway(stage: Stage): void {
  for (const { spec } of stage.witness.twins) {
    const { state } = stage.world.boards.get(spec.id)?.core ?? {}
    const others = (state?.view.nodes.get(spec.id)?.clones ?? []).filter(({ id }) => id !== state?.clones.self)
    const wishes = new Map(others.map(({ id }) => [opsPaths.out(id), true] as const))
    if (state != null && wishes.size > 0) put(stage, state.boot.config.name, opsDocId(spec.id), () => wishes)
  }
}

/** The second machine goes, the first is back. */
export function unparkBoard(stage: Stage, board: Board): void {
  const { world, witness } = stage
  const parked = stage.parked.get(board)
  if (parked === undefined) return
  stage.parked.delete(board)
  world.powerCut(board)
  board.ended.clear()
  putIn(board, parked.disk)
  witness.diskReplaced(board)
  for (const [id, task] of parked.tasks as Map<string, AdoptedTask>) board.tasks.set(id, task)
  world.boot(board)
}

/** Power fails while the store writes. Records that are cut short or wrong are dropped by the store when they are read at boot. */
export function tearRecords(stage: Stage, event: EventOf<'torn-records'>): void {
  const { world, witness } = stage
  const board = world.board(event.board)
  if (board.core === null) return
  const prng = createPrng(stage.plan.seed ^ event.at)
  losePower(stage, board, 0)
  witness.recordsLost(board)
  // What a claim was to run may be forgotten, and the claim fails for it.
  witness.excuse('broken', event.board)
  for (const key of prng.shuffle([...board.disk.keys()].toSorted()).slice(0, event.records)) board.disk.damage(key)
  witness.saw('records-torn')
  bootLater(stage, board, event.forMs)
}
