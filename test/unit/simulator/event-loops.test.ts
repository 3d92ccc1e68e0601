// The order in which a simulated board takes what comes to it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBoard } from '../../../simulator/board.ts'
import { EventLoops } from '../../../simulator/event-loops.ts'
import { EventQueue } from '../../../simulator/queue.ts'
import type { Core } from '../../../node/core/step.ts'
import { testSigner } from '../../support/crypto.ts'

const core = (): Core => ({ step: () => [], state: null, release: () => {} })

function oneBoard() {
  const queue = new EventQueue()
  const loops = new EventLoops(queue)
  const { node, signer } = testSigner(1)
  const board = createBoard({ name: 'b', id: node, signer })
  board.core = core()
  const taken: string[] = []
  /** Keeps the board busy for `stepMs`. */
  const come = (name: string): void =>
    loops.take(board, (lateMs) => {
      taken.push(`${name} at ${queue.now}, ${lateMs} late`)
      board.busyUntil = queue.now + board.stepMs
    })
  return { queue, loops, board, taken, come }
}

test('what comes the moment that a slow board is free waits for what came before it', () => {
  const { queue, board, taken, come } = oneBoard()
  board.stepMs = 5
  // Put into the queue first, so that it is due before anything that waits for the board.
  queue.at(5, () => come('third'))
  come('first')
  queue.at(1, () => come('second'))
  queue.run(100)
  assert.deepEqual(taken, ['first at 0, 0 late', 'second at 5, 4 late', 'third at 10, 5 late'])
})

test('a frozen board takes what waits when it goes on, also when it is woken before its time or frozen for longer', () => {
  const { queue, loops, board, taken, come } = oneBoard()
  board.pausedUntil = 50
  come('first')
  queue.run(10)
  board.pausedUntil = 80
  come('second')
  queue.run(60)
  assert.deepEqual(taken, [])
  loops.resume(board)
  queue.run(100)
  come('third')
  assert.deepEqual(taken, ['first at 60, 60 late', 'second at 60, 50 late', 'third at 100, 0 late'])
})

test('what an agent has not taken when it ends is gone, and nothing is taken while none runs', () => {
  const { queue, board, taken, come } = oneBoard()
  board.stepMs = 5
  come('first')
  come('second')
  board.core = null
  come('nobody')
  board.core = core()
  board.busyUntil = 0
  come('third')
  queue.run(100)
  assert.deepEqual(taken, ['first at 0, 0 late', 'third at 0, 0 late'])
})
