// Boards that join: what they lack comes once, from one neighbour at a time, and they take part soon whoever else is silent.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { SyncFrame } from '../../../crdt/anti-entropy.ts'
import { type Frame, decodeFrame } from '../../../node/core/wire.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { place } from '../../support/pool.ts'
import { allAlive, areEqual, createWorld } from '../../support/world.ts'

interface Heard {
  readonly at: number
  readonly to: string
  readonly via: 'stream' | 'gossip'
  readonly frame: Frame
}

function listen(world: World): Heard[] {
  const heard: Heard[] = []
  world.watch = (board, event, step) => {
    const decoded = event.kind === 'frame' ? decodeFrame(event.bytes) : null
    if (event.kind === 'frame' && decoded?.ok === true)
      heard.push({ at: event.now, to: board.spec.name, via: event.via, frame: decoded.value })
    return step()
  }
  return heard
}

function syncs(heard: readonly Heard[], kind: SyncFrame['kind']): Heard[] {
  return heard.filter(({ frame }) => frame.kind === 'sync' && frame.frame.kind === kind)
}

/** A pool in which all but the last board run, and that board. */
function poolAnd(count: number): { world: World; boards: Board[]; last: Board } {
  const world = createWorld(count)
  const boards = [...world.boards.values()]
  for (const board of boards.slice(0, -1)) world.boot(board)
  world.until('all see each other', () => allAlive(boards.slice(0, -1)), 10_000)
  return { world, boards, last: boards.at(-1)! }
}

test('a board that meets a whole pool at once gets each document about once', () => {
  const { world, boards, last } = poolAnd(16)
  place(world, { count: 10 })
  const heard = listen(world)
  world.boot(last)
  world.until('it takes part', () => last.core!.state!.acting && allAlive(boards), 5_000)
  const envelopes = heard.flatMap(({ to, via, frame }) =>
    to === last.spec.name && via === 'stream' && frame.kind === 'envelopes' ? frame.envelopes : [],
  )
  const distinct = new Set(envelopes.map((bytes) => Buffer.from(bytes).toString('base64'))).size
  assert.ok(distinct >= 16, `${distinct} envelopes`)
  assert.ok(envelopes.length <= 1.25 * distinct, `${envelopes.length} envelopes, ${distinct} different ones`)
})

test('boards that all boot at once: each hears the documents of the others about once, and link states a few times', () => {
  const world = createWorld(20)
  const boards = [...world.boards.values()]
  const heard = listen(world)
  for (const [index, board] of boards.entries()) world.queue.at(100 * index, () => world.boot(board))
  world.until('all alive', () => boards.every((board) => board.core !== null) && allAlive(boards), 5_000)
  world.run(2_000)
  assert.ok(areEqual(boards))
  const perBoard = (count: number): number => Math.round(count / boards.length)
  const envelopes = perBoard(heard.reduce((sum, { frame }) => sum + (frame.kind === 'envelopes' ? frame.envelopes.length : 0), 0))
  const states = perBoard(
    heard.reduce((sum, { via, frame }) => sum + (frame.kind === 'link-states' && via === 'stream' ? frame.states.length : 0), 0),
  )
  // Twenty boards have written about two envelopes each.
  assert.ok(envelopes < 80, `${envelopes} envelopes a board`)
  assert.ok(states < 60, `${states} link states a board by stream`)
})

test('of two boards that meet, one begins the exchange', () => {
  const world = createWorld(2)
  const heard = listen(world)
  world.bootAll()
  world.until('both take part', () => [...world.boards.values()].every((board) => board.core?.state?.acting === true), 5_000)
  const [answer] = syncs(heard, 'entries')
  assert.equal(syncs(heard.slice(0, heard.indexOf(answer!)), 'root').length, 1)
})

test('a neighbour that falls silent in the middle does not hold up the others', () => {
  const { world, boards, last } = poolAnd(6)
  const byId = boards.slice(0, -1).toSorted((a, b) => (a.spec.id < b.spec.id ? -1 : 1))
  world.boot(last)
  world.until('it is connected', () => last.peers.size === 5, 1_000)
  // Whoever it asks first, or is asked by: only one of the five answers.
  for (const board of byId.slice(0, -1)) world.links.cut(last, board, false)
  const from = world.queue.now
  world.until('it takes part', () => last.core!.state!.acting, 10_000)
  assert.ok(world.queue.now - from < 4_000, `after ${world.queue.now - from} ms`)
})
