// Where a simulated agent or board may end: between any two effects of a step, and while its disk is busy.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobDocId } from '../../../crdt/ids.ts'
import type { Death } from '../../../simulator/deaths.ts'
import { jobSpec } from '../../../simulator/job-spec.ts'
import { submission } from '../../../simulator/operator.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { createWorld, fleet, runJob, runners, signChange, slot } from '../../support/world.ts'
import { toBase64 } from '../../../crdt/base64.ts'
import { jobId } from '../../../crdt/ids.ts'

const job = jobId('default', 'web')
const death = (parts: Partial<Death>): Death => ({
  how: 'kill',
  after: 'effect',
  left: 1,
  lostWrites: 0,
  driversGoOn: false,
  syncMs: 0,
  onDeath: () => {},
  ...parts,
})

function calmPool(): { world: World; boards: readonly [Board, Board, Board] } {
  assert.ok(fleet)
  const world = createWorld(3)
  world.bootAll()
  world.run(10_000)
  return { world, boards: [...world.boards.values()] as [Board, Board, Board] }
}

const knows = (board: Board): boolean => board.core?.state?.docs.has(jobDocId(job)) === true

/** As `runJob`, at a board that does not live to answer. */
function submit(world: World, board: Board): number {
  const envelopes = signChange(world, board, jobDocId(job), 'default', submission(jobSpec({ count: 1 }))).map(toBase64)
  return world.request(board, { method: 'doc.put', envelopes }).length
}

test('an agent that is killed once it has written has told nobody, and tells it when it is back', () => {
  const { world, boards } = calmPool()
  const [first, ...others] = boards
  first.death = death({ after: 'persist' })
  assert.equal(submit(world, first), 0, 'the operator hears nothing')
  assert.equal(first.core, null)
  world.run(5_000)
  assert.deepEqual(others.map(knows), [false, false])
  world.boot(first)
  assert.ok(knows(first))
  world.until('the others hear of it', () => others.every(knows), 60_000)
  world.release()
})

test('power that fails while the disk is busy undoes the write, and nothing that followed has left the board', () => {
  for (const lostWrites of [0, 1]) {
    const { world, boards } = calmPool()
    const [first, ...others] = boards
    first.death = death({ how: 'power-cut', after: 'sync', syncMs: 8_000, lostWrites })
    assert.equal(submit(world, first), 0)
    world.run(7_900)
    assert.ok(knows(first), 'it goes on meanwhile')
    assert.deepEqual(others.map(knows), [false, false])
    assert.ok(
      others.every((other) => other.core?.state?.view.nodes.get(first.spec.id)?.liveness === 'alive'),
      'probes wait for no disk',
    )
    world.run(200)
    assert.equal(first.core, null)
    world.boot(first)
    assert.equal(knows(first), lostWrites === 0)
    world.release()
  }
})

test('whatever else ends a board while its disk is busy, it is told', () => {
  const { world, boards } = calmPool()
  let told = 0
  boards[0].death = death({ after: 'sync', syncMs: 8_000, onDeath: () => told++ })
  submit(world, boards[0])
  world.run(1_000)
  world.kill(boards[0])
  world.boot(boards[0])
  world.run(20_000)
  assert.equal(told, 1)
  assert.notEqual(boards[0].core, null)
  world.release()
})

test('a driver starts what an agent asked for with its last breath, and the next agent takes it up', () => {
  for (const driversGoOn of [true, false]) {
    const { world, boards } = calmPool()
    for (const board of boards) board.death = death({ after: 'start', driversGoOn })
    runJob(world, boards[0], jobSpec({ count: 1 }))
    world.until('somebody ends', () => boards.some(({ core }) => core === null), 10_000)
    const dead = boards.find(({ core }) => core === null)!
    for (const board of boards) board.death = null
    world.run(100)
    assert.deepEqual(runners(world, slot(job)), driversGoOn ? [dead.spec.name] : [])
    world.boot(dead)
    world.run(10_000)
    assert.deepEqual(runners(world, slot(job)), [dead.spec.name])
    assert.equal(
      dead.logs.some((line) => line.includes('adopted')),
      driversGoOn,
    )
    assert.equal(dead.trail.length, 1, 'it is started once')
    world.release()
  }
})
