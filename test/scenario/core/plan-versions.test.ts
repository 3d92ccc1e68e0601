// Agents of two versions in one fleet: an operator raises the plan's version before all of them know it. Who does not know it keeps what
// it runs and claims nothing; who knows it carries on.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fleetDocId } from '../../../crdt/ids.ts'
import { World } from '../../../simulator/world.ts'
import { plant } from '../../planted/load.ts'
import { count, place, slotsOf } from '../../support/pool.ts'
import { testSigner } from '../../support/crypto.ts'
import { allAlive, crypto, edit, fleet, fleetEnvelopes, jobSpec, runJob, runners } from '../../support/world.ts'

/** The agent's next version, as far as this matters. */
const { createCore: newer } = await plant({
  name: 'newer-agent',
  words: '',
  edits: [{ file: 'scheduler/limits.ts', find: 'planVersion: 1,', replace: 'planVersion: 2,' }],
})

test('agents that do not know the plan keep what they run and claim nothing, until they are upgraded', () => {
  const upgraded = new Set(['b0', 'b1'])
  const boards = Array.from({ length: 4 }, (_, index) => {
    const { node, signer } = testSigner(100 + index)
    return { name: `b${index}`, id: node, signer }
  })
  const world = new World({ crypto, fleet, fleetEnvelopes, boards, coreOf: ({ spec }) => (upgraded.has(spec.name) ? newer : undefined) })
  world.bootAll()
  world.until('all see each other', () => allAlive([...world.boards.values()]), 10_000)
  const slots = slotsOf(place(world, { count: 4 }), 4)
  assert.deepEqual(slots.flatMap((slot) => runners(world, slot)).toSorted(), ['b0', 'b1', 'b2', 'b3'])

  edit(world, world.board('b2'), fleetDocId, 'default', () => new Map([['plan_version', 2]]))
  world.run(60_000)
  assert.equal(count(world, 'stop'), 0, 'nothing moves because of it')

  const before = { b2: world.board('b2').trail.length, b3: world.board('b3').trail.length }
  const more = slotsOf(runJob(world, world.board('b3'), jobSpec({ name: 'more', count: 4 })), 4)
  world.until('placed', () => more.every((slot) => runners(world, slot).length === 1), 30_000)
  assert.deepEqual([...new Set(more.flatMap((slot) => runners(world, slot)))].toSorted(), ['b0', 'b1'])
  assert.deepEqual({ b2: world.board('b2').trail.length, b3: world.board('b3').trail.length }, before)

  for (const name of ['b2', 'b3']) {
    upgraded.add(name)
    world.kill(world.board(name))
    world.boot(world.board(name))
  }
  world.run(30_000)
  assert.equal(count(world, 'stop'), 0, 'an upgrade moves nothing')
  const last = slotsOf(runJob(world, world.board('b0'), jobSpec({ name: 'last', count: 4 })), 4)
  world.until('placed', () => last.every((slot) => runners(world, slot).length === 1), 30_000)
  assert.ok(last.flatMap((slot) => runners(world, slot)).some((name) => name === 'b2' || name === 'b3'))
})
