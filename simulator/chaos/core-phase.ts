// What goes on outside the core once faults have ended inside: who is outside, and what becomes of them in the end.

import type { Board } from '../board.ts'
import { isOver } from './faults-boards.ts'
import { both } from './draw-faults.ts'
import { mendBoard } from './faults-end.ts'
import type { ChaosEvent, ChaosPlan, Fate, Way } from './plan.ts'
import type { Stage } from './stage.ts'

/** Faults that are about boards outside begin and end there when it is their time, until all is settled. */
export function isOutside({ outside, isSettled, world }: Stage, event: ChaosEvent): boolean {
  if (isSettled) return false
  if ('ways' in event) return event.ways.some((way) => way.some((name) => outside.has(world.board(name))))
  return 'board' in event && event.board !== null && outside.has(world.board(event.board))
}

/** Of the links of a cut, those that lead out of the core. */
export function waysOutside({ outside, world }: Stage, ways: readonly Way[]): readonly Way[] {
  return ways.filter((way) => way.some((name) => outside.has(world.board(name))))
}

/** The unrest outside is over: each board there is as it will stay. Those that the core sees belong to it from now on. */
export function settleOutside(stage: Stage, settled: NonNullable<NonNullable<ChaosPlan['core']>['fates']>): void {
  const { world, outside, cuts, witness } = stage
  stage.isSettled = true
  cuts.clear()
  world.heal()
  for (const { board: name, fate } of settled) {
    const board = world.board(name)
    if (!outside.has(board)) continue
    witness.note(`${name} outside the core: ${fate}`)
    if (fate === 'off') {
      if (board.core !== null) world.powerCut(board)
      continue
    }
    if (!isOver(stage, board)) mendBoard(stage, board)
    for (const [from, to] of waysOf(stage, board, fate)) world.cut(world.board(from), world.board(to), true)
    if (fate === 'half' || fate === 'well') outside.delete(board)
  }
}

function waysOf(stage: Stage, board: Board, fate: Fate): readonly Way[] {
  const { world, outside } = stage
  const { name, id, pool } = board.spec
  const others = [...world.boards.values()].filter((other) => other !== board).map(({ spec }) => spec.name)
  switch (fate) {
    case 'alone':
      return both([name], others)
    case 'deaf':
      return others.map((other) => [other, name])
    case 'dumb':
      return others.map((other) => [name, other])
    case 'half': {
      // One of its pool stays, at least: boards of other pools pass nothing on for it, nor do those that one of the two has evicted.
      const isNeighbour = (other: Board): boolean =>
        other !== board && other.spec.pool === pool && !outside.has(other) && !isOver(stage, other)
      const isApart = ({ core, spec }: Board): boolean => [id, spec.id].some((one) => core?.state?.view.nodes.get(one)?.evicted === true)
      const near = [...world.boards.values()].filter((other) => isNeighbour(other) && !isApart(other)).map(({ spec }) => spec.name)
      return both([name], near.slice(0, near.length >> 1))
    }
    case 'off':
    case 'well':
      return []
  }
}
