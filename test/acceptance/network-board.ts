// A board in a process of its own, for tests that kill it: takes orders from its parent and reports its diary.

import { keyPairFromSeed } from '../../node/adapters/keys.ts'
import type { Topic } from '../../node/core/ports.ts'
import { type LocalBoard, createLocalBoard } from './network-world.ts'

interface Order {
  readonly start?: { readonly bootstrap: readonly string[]; readonly listen: readonly string[]; readonly seed: string }
  readonly broadcast?: { readonly topic: Topic; readonly frame: Uint8Array }
}

let board: LocalBoard | undefined

process.on('message', (order: Order) => {
  if (order.broadcast !== undefined) board?.broadcast(order.broadcast.topic, order.broadcast.frame)
  if (order.start === undefined) return
  const { bootstrap, listen, seed } = order.start
  void createLocalBoard({ bootstrap, listen }, keyPairFromSeed(Buffer.from(seed, 'hex'))).then((started) => {
    board = started
    setInterval(report, 20)
  })
})

function report(): void {
  if (board === undefined) return
  const { ups, downs, heard, addresses } = board
  process.send?.({ ups: [...ups], downs: [...downs], heard: [...heard], addresses })
}

process.on('disconnect', () => process.exit())
process.send?.('loaded')
