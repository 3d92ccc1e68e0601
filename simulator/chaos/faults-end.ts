// The end of all faults, or of those inside the core: everything that was broken works again, and every board runs.

import type { Board } from '../board.ts'
import { evict, isOver, upgradeAll } from './faults-boards.ts'
import { endTwin, unparkBoard } from './faults-disks.ts'
import { mendDriver } from './faults-drivers.ts'
import { endMalice } from './malice.ts'
import type { Stage } from './stage.ts'

export function endAllFaults(stage: Stage): void {
  const { world, plan, outside, witness } = stage
  stage.isOver = true
  for (const name of plan.core?.outside ?? []) outside.add(world.board(name))
  if (outside.size > 0) witness.saw('core-formed')
  endCommonFaults(stage)
  for (const board of world.boards.values()) if (!outside.has(board)) mendBoard(stage, board)
  if (outside.size === 0) world.heal()
  else healInside(stage)
  evictTheGone(stage)
}

/** Those of no board in particular, and those that no board is left alone with: second machines and malice. */
function endCommonFaults(stage: Stage): void {
  const { world, outside, absent, cuts } = stage
  const isInside = (name: string): boolean => !outside.has(world.board(name))
  for (const ways of cuts) if (ways.flat().every((name) => isInside(name))) cuts.delete(ways)
  for (const { spec } of world.boards.values()) if (isInside(spec.name)) world.links.uplinks.set(spec.id, null)
  stage.badLinks.clear()
  stage.tails.clear()
  stage.unwell.clear()
  world.links.faults = null
  world.tasks.stopMs = 10
  for (const board of [...stage.parked.keys()]) unparkBoard(stage, board)
  for (const board of [...stage.twins.keys()]) endTwin(stage, board)
  for (const board of absent) if (outside.has(board)) world.boot(board)
  absent.clear()
  endMalice(stage)
  const up = [...outside].filter(({ core }) => core !== null)
  if (stage.isPlanRaised) upgradeAll(stage)
  for (const board of up) if (board.core === null) world.boot(board)
}

/** Whatever was wrong with it is over, and it runs, unless it has gone. */
export function mendBoard(stage: Stage, board: Board): void {
  const { world, driverFaults } = stage
  const { name, id } = board.spec
  const faults = [...driverFaults].filter((fault) => fault.board === name)
  const isBroken = faults.length > 0 || board.isDriverSilent
  for (const fault of faults) driverFaults.delete(fault)
  world.links.uplinks.set(id, null)
  if (board.syncingSince !== null) world.kill(board)
  board.death = null
  board.stepMs = 0
  world.resume(board)
  if (board.disk.fault !== null) world.freeDisk(board)
  board.isDriverSilent = false
  if (isOver(stage, board)) return
  if (board.core === null) world.boot(board)
  if (isBroken) mendDriver(stage, board)
}

function healInside({ world, outside }: Stage): void {
  const inside = [...world.boards.values()].filter((board) => !outside.has(board))
  for (const [index, a] of inside.entries()) for (const b of inside.slice(index + 1)) world.links.mend(a, b)
}

/**
 * Whoever left for good is evicted at last, or its copies would be waited for. An operator who did not know all that others had written
 * about it sees later that it was in vain, and does it again.
 */
export function evictTheGone(stage: Stage): void {
  for (const board of stage.gone) {
    const peer = [...stage.world.boards.values()].find(
      (other) => !isOver(stage, other) && !stage.outside.has(other) && other.spec.pool === board.spec.pool && !isEvictedThere(other),
    )
    const isKnown = peer?.core?.state?.view.nodes.get(board.spec.id)?.evicted === true
    if (peer !== undefined && !isKnown) evict(stage, board, peer.spec.name)
  }
}

function isEvictedThere(board: Board): boolean {
  return board.core?.state?.view.nodes.get(board.spec.id)?.evicted === true
}
