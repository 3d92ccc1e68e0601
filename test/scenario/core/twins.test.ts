// A disk copied to a second board, and both run at once: to everybody else they are one board that restarts again and again.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Board, World } from '../../../simulator/world.ts'
import { bootTwin, removeTwin } from '../../../simulator/twins.ts'
import { allAlive, areEqual, createWorld, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000

function withTwin(): { readonly world: World; readonly boards: readonly Board[]; readonly twin: Board } {
  const world = createWorld(4, { isDialled: true })
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all are alive', () => allAlive(boards), minuteMs)
  const job = runJob(world, boards[0]!, jobSpec({ count: 3 }))
  world.until('three copies run', () => [0, 1, 2].every((index) => runners(world, slot(job, index)).length === 1), minuteMs)
  world.run(10_000)
  return { world, boards, twin: bootTwin(world, boards[3]!, new Map(boards[3]!.disk)) }
}

const warned = (board: Board): boolean => board.logs.some((text) => text.includes("another board seems to have this node's key"))

test('while two machines have one key the others agree, and both are told what is wrong', () => {
  const { world, boards, twin } = withTwin()
  world.run(minuteMs)
  const others = boards.slice(0, 3)
  for (const board of others) for (const other of others) assert.equal(board.core!.state!.view.nodes.get(other.spec.id)!.liveness, 'alive')
  assert.ok(warned(boards[3]!) && warned(twin))
})

for (const left of ['the first', 'the second'] as const) {
  test(`once one of them is switched off the pool is whole again: ${left} goes on`, () => {
    const { world, boards, twin } = withTwin()
    world.run(minuteMs / 2)
    if (left === 'the first') removeTwin(world, twin)
    else world.powerCut(boards[3]!)
    const whole = left === 'the first' ? boards : [...boards.slice(0, 3), twin]
    world.until('all are alive, and have the same documents', () => allAlive(whole) && areEqual(whole), 15 * minuteMs)
  })
}
