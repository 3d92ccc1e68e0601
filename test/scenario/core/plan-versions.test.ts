// Agents of two versions in one fleet: an operator raises the plan's version before all of them know it. Who does not know it keeps what
// it runs and claims nothing; who knows it carries on, by the plan that the fleet's number says.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { type SlotId, fleetDocId } from '../../../crdt/ids.ts'
import { createNextCore, nextPlanVersion } from '../../../simulator/next-agent.ts'
import { type Board, World } from '../../../simulator/world.ts'
import { testSigner } from '../../support/crypto.ts'
import { count, home, place, slotsOf } from '../../support/pool.ts'
import { allAlive, crypto, edit, fleet, fleetEnvelopes, jobSpec, runJob, runners, slot } from '../../support/world.ts'

/** Boards of equal worth; `upgraded`: names of those whose agent is the next one, read at each boot. */
function boot(size: number, upgraded: ReadonlySet<string>): World {
  const boards = Array.from({ length: size }, (_, index) => {
    const { node, signer } = testSigner(100 + index)
    return { name: `b${index}`, id: node, signer }
  })
  const coreOf = ({ spec }: Board) => (upgraded.has(spec.name) ? createNextCore : undefined)
  const world = new World({ crypto, fleet, fleetEnvelopes, boards, coreOf })
  world.bootAll()
  world.until('all see each other', () => allAlive([...world.boards.values()]), 10_000)
  return world
}

function raise(world: World, via: Board): void {
  edit(world, via, fleetDocId, 'default', () => new Map([[fleetPaths.planVersion, nextPlanVersion]]))
}

function upgrade(world: World, upgraded: Set<string>, name: string): void {
  upgraded.add(name)
  world.kill(world.board(name))
  world.boot(world.board(name))
}

test('agents that do not know the plan keep what they run and claim nothing, until they are upgraded', () => {
  const upgraded = new Set(['b0', 'b1'])
  const world = boot(4, upgraded)
  const slots = slotsOf(place(world, { count: 4 }), 4)
  assert.deepEqual(slots.flatMap((slot) => runners(world, slot)).toSorted(), ['b0', 'b1', 'b2', 'b3'])

  raise(world, world.board('b2'))
  world.run(60_000)
  assert.equal(count(world, 'stop'), 0, 'nothing moves because of it')

  const before = { b2: world.board('b2').trail.length, b3: world.board('b3').trail.length }
  const more = slotsOf(runJob(world, world.board('b3'), jobSpec({ name: 'more', count: 4 })), 4)
  world.until('placed', () => more.every((slot) => runners(world, slot).length === 1), 30_000)
  assert.deepEqual([...new Set(more.flatMap((slot) => runners(world, slot)))].toSorted(), ['b0', 'b1'])
  assert.deepEqual({ b2: world.board('b2').trail.length, b3: world.board('b3').trail.length }, before)

  for (const name of ['b2', 'b3']) upgrade(world, upgraded, name)
  world.run(30_000)
  assert.equal(count(world, 'stop'), 0, 'an upgrade moves nothing')
  const last = slotsOf(runJob(world, world.board('b0'), jobSpec({ name: 'last', count: 4 })), 4)
  world.until('placed', () => last.every((slot) => runners(world, slot).length === 1), 30_000)
  assert.ok(last.flatMap((slot) => runners(world, slot)).some((name) => name === 'b2' || name === 'b3'))
})

/** Cuts the slot's board off until the slot has been replaced, and heals. */
function cutAndHeal(world: World, id: SlotId): { readonly original: string; readonly replacement: string } {
  const original = home(world, id)
  const others = [...world.boards.values()].filter((other) => other !== original)
  world.split([original], others)
  const replacement = (): string | undefined => runners(world, id).find((name) => name !== original.spec.name)
  world.until('replaced', () => replacement() !== undefined, 60_000)
  const names = { original: original.spec.name, replacement: replacement()! }
  world.heal()
  return names
}

const keepOriginal = { group: { disconnect: { ...disconnectDefaults, replaceAfterMs: 5_000, reconcile: 'keep_original' } } } as const

test('agents that know both plans follow the fleet’s number, whatever the others know', () => {
  const world = boot(4, new Set(['b0', 'b1', 'b2', 'b3']))
  const id = slot(place(world, keepOriginal))
  const first = cutAndHeal(world, id)
  world.until('one is left', () => runners(world, id).length === 1, 60_000)
  assert.equal(home(world, id).spec.name, first.original)

  raise(world, world.board('b0'))
  world.run(10_000)
  const second = cutAndHeal(world, id)
  world.until('one is left', () => runners(world, id).length === 1, 60_000)
  assert.equal(home(world, id).spec.name, second.replacement)
})

test('a board that knows only the former plan never stops its copy for a plan that it does not know, until it is upgraded', () => {
  const upgraded = new Set(['b0', 'b1', 'b2', 'b3'])
  const world = boot(4, upgraded)
  const id = slot(place(world, keepOriginal))
  const [behind] = runners(world, id)
  upgraded.delete(behind!)
  world.kill(world.board(behind!))
  world.boot(world.board(behind!))
  raise(world, world.board(behind!))
  world.run(10_000)
  const { original, replacement } = cutAndHeal(world, id)
  assert.equal(original, behind)
  world.run(60_000)
  assert.deepEqual(runners(world, id).toSorted(), [original, replacement].toSorted(), 'either plan has another copy first')

  upgrade(world, upgraded, original)
  world.until('one is left', () => runners(world, id).length === 1, 30_000)
  assert.equal(home(world, id).spec.name, replacement)
})
