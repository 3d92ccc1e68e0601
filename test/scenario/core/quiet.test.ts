// A pool that has nothing to do does nothing: steps are fixed points, timers lie ahead, and idle boards write nothing and say little.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { toBase64 } from '../../../crdt/base64.ts'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'
import { createPrng } from '../../../simulator/prng.ts'
import type { World } from '../../../simulator/world.ts'
import { answer, bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { allAlive, createWorld, jobSpec, runJob, runners, signJob, slot } from '../../support/world.ts'

test('a step is a fixed point: the same moment again brings nothing to write and nothing to say', () => {
  const { world, boards, first } = bootPool(4)
  const again: string[] = []
  world.watch = (board, event, step) => {
    const effects = step()
    // Liveness owns its own clockwork; what is looked at here is what the core derives.
    const twice = board.core!.step({ kind: 'tick', now: event.now, lagMs: 0 })
    for (const effect of twice) if (!['wake', 'send', 'broadcast'].includes(effect.kind)) again.push(`${event.kind} → ${effect.kind}`)
    return [...effects, ...twice]
  }
  const job = runJob(world, first, jobSpec({ count: 4 }))
  world.run(5_000)
  world.split(boards.slice(0, 1), boards.slice(1))
  world.run(80_000)
  world.heal()
  world.run(20_000)
  assert.deepEqual([...new Set(again)], [])
  assert.ok(slotsOf(job, 4).every((id) => runners(world, id).length === 1))
})

test('an idle pool of five writes nothing, and a board sends less than half a kilobyte a second', () => {
  const { world, boards } = bootPool(5)
  place(world, { count: 5 })
  world.run(60_000)
  const before = boards.map(({ writes, bytesSent }) => ({ writes, bytesSent }))
  world.run(10 * 60_000)
  for (const [index, board] of boards.entries()) {
    assert.equal(board.writes - before[index]!.writes, 0, `${board.spec.name} wrote`)
    const rate = (board.bytesSent - before[index]!.bytesSent) / 600
    assert.ok(rate < 500, `${board.spec.name} sent ${Math.round(rate)} B/s`)
  }
})

test('a board never wakes for nothing: no timer lies in the past, however the claims stand', () => {
  const { world, boards, first } = bootPool(4)
  let steps = 0
  let late = 0
  world.watch = (_board, event, step) => {
    const effects = step()
    steps += 1
    for (const effect of effects) if (effect.kind === 'wake' && effect.at <= event.now) late += 1
    return effects
  }
  const job = runJob(world, first, jobSpec({ count: 3, group: { disconnect: { ...disconnectDefaults, stopOnClientAfterMs: 20_000 } } }))
  // The holder falls silent before the claim of another has settled.
  world.run(200)
  world.split(boards.slice(0, 2), boards.slice(2))
  world.run(50_000)
  world.heal()
  world.run(20_000)
  assert.equal(late, 0)
  assert.ok(steps / 4 / 70 < 40, `${Math.round(steps / 4 / 70)} steps a second`)
  assert.ok(slotsOf(job, 3).every((id) => runners(world, id).length === 1))
})

// Signed once: every signature has a nonce of its own.
const signed = signJob(jobSpec({ count: 6 })).map(toBase64)

function traced(seed: number): string {
  const hash = createHash('sha256')
  const world = createWorld(5)
  world.links.faults = { prng: createPrng(seed), loss: 0.05, duplicate: 0.05, lateMs: 200 }
  world.watch = (board, event, step) => {
    const effects = step()
    hash.update(`${board.spec.name} ${event.kind} ${event.now}`)
    for (const effect of effects) hash.update(JSON.stringify(effect, (_key, value: unknown) => (value instanceof Map ? [...value] : value)))
    return effects
  }
  play(world)
  return hash.digest('hex')
}

function play(world: World): void {
  const boards = [...world.boards.values()]
  world.bootAll()
  world.run(8_000)
  assert.equal(answer(world, boards[1]!, 'receipt', { method: 'doc.put', envelopes: signed }).final, true)
  world.run(5_000)
  world.powerCut(boards[4]!)
  world.run(20_000)
  world.boot(boards[4]!)
  world.split(boards.slice(0, 2), boards.slice(2))
  world.run(20_000)
  world.heal()
  world.run(20_000)
}

test('the same seed and the same calls give the same effects, byte for byte', () => {
  const one = traced(7)
  assert.equal(traced(7), one)
  assert.notEqual(traced(8), one)
})

test('a link that flaps every three seconds restarts nothing, and moves are few', () => {
  const { world, boards } = bootPool(4)
  const job = place(world, { count: 4 })
  const board = home(world, slot(job))
  const others = boards.filter((other) => other !== board)
  for (let at = 0; at < 10 * 60_000; at += 6_000) {
    world.split([board], others)
    world.run(3_000)
    world.heal()
    world.run(3_000)
  }
  world.run(6 * 60_000)
  assert.equal(count(world, 'stop', { board }), 0, 'the copy on the flapping board was never disturbed')
  assert.ok(count(world, 'start') <= 4 + 2, `${count(world, 'start')} starts`)
  assert.ok(slotsOf(job, 4).every((id) => runners(world, id).length === 1))
})

test('twenty boards that boot within two seconds all join and share a job', () => {
  const world = createWorld(20)
  const boards = [...world.boards.values()]
  const prng = createPrng(1)
  for (const board of boards) world.queue.after(prng.below(2_000), () => world.boot(board))
  world.until('all see each other', () => allAlive(boards), 20_000)
  world.run(3_000)
  const job = runJob(world, boards[3]!, jobSpec({ count: 20 }))
  world.until('one copy each', () => slotsOf(job, 20).every((id) => runners(world, id).length === 1), 15_000)
  assert.equal(count(world, 'start'), 20)
})
