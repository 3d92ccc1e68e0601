// What disks do: old images put back, records lost or damaged, no space left, documents that are rewritten.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toBase64 } from '../../../crdt/base64.ts'
import { networkDefaults } from '../../../crdt/documents/defaults.ts'
import { restartPath } from '../../../crdt/documents/job.ts'
import { compactDoc } from '../../../crdt/epoch.ts'
import { type JobId, jobDocId, nodeDocId } from '../../../crdt/ids.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import { envelopeFrames } from '../../../node/core/wire.ts'
import type { Board } from '../../../simulator/world.ts'
import { answer, bootPool, count, home, place, slotsOf, withDisk } from '../../support/pool.ts'
import { areEqual, claimOf, crypto, edit, fleet, jobSpec, runJob, runners, signJob, slot } from '../../support/world.ts'

const epochOf = (board: Board, of = board): number => board.core!.state!.docs.get(nodeDocId(of.spec.id))!.epoch

const damaged = (): Uint8Array => new Uint8Array([1, 2, 3])

test('a copied SD card is no storm: after the first jump the epochs rise ever more slowly, and each jump says what is wrong', () => {
  const { world, boards } = bootPool(3)
  const b2 = boards[2]!
  const { id, signer } = b2.spec
  const from = epochOf(b2)
  // The other board with this key writes an epoch of its own as soon as this one has.
  for (let second = 0; second < 600; second++) {
    for (let part = 0; part < 5; part++) {
      const own = b2.core!.state!.docs.get(nodeDocId(id))!
      const other = compactDoc(crypto, own, { id, signer, nonce: new Uint8Array(16).fill(7), fleet }, new Map([['name', 'copy']]))
      for (const bytes of envelopeFrames(other.envelopes.map((envelope) => envelope.bytes)))
        world.feed(b2, { kind: 'frame', now: world.queue.now, from: boards[0]!.spec.id, via: 'gossip', bytes })
      world.run(200)
    }
    // An old disk needs one jump, and at once.
    if (second === 0) assert.equal(epochOf(b2), from + 2)
  }
  const jumps = (epochOf(b2) - from) / 2
  assert.ok(jumps >= 6 && jumps <= 12, `${jumps} jumps`)
  assert.equal(b2.logs.filter((line) => line.includes("warn another board seems to have this node's key")).length, jumps - 1)
  const { events } = answer(world, b2, 'status', { method: 'status' })
  assert.ok(events.some(({ what }) => what.includes('another board')))
})

test('a board with an old image goes on at a higher epoch, adopts what its driver runs, and nobody diverges', () => {
  const { world, boards, first } = bootPool(3)
  place(world, { name: 'early', count: 3 })
  const b1 = world.board('b1')
  const image = new Map(b1.disk)
  place(world, { name: 'late', count: 3 })
  const before = [...b1.tasks.keys()].toSorted()
  assert.equal(before.length, 2)
  withDisk(world, b1, (disk) => {
    disk.clear()
    for (const [key, value] of image) disk.set(key, value)
  })
  const claimed = (): number => b1.logs.filter((line) => line.includes('claimed')).length
  const claims = claimed()
  world.run(40_000)
  assert.equal(claimed(), claims, 'it took nothing before it knew what the others hold')
  assert.deepEqual([...b1.tasks.keys()].toSorted(), before, 'nothing was restarted')
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [6, 0])
  assert.ok(epochOf(b1) > 0)
  assert.ok(areEqual(boards))
  assert.equal(first.core!.state!.view.claims.get(slot('default/late' as never, 0))!.length, 1)
})

test('an old image that names an older generation than runs does not bring it back', () => {
  const { world, boards, first } = bootPool(2)
  const job = place(world, { count: 2 })
  const id = slotsOf(job, 2).find((one) => home(world, one).spec.name === 'b1')!
  const b1 = world.board('b1')
  const image = new Map(b1.disk)
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'stopped']]))
  world.run(5_000)
  edit(world, first, jobDocId(job), 'default', () => new Map([['state/desired', 'run']]))
  world.run(10_000)
  const at = home(world, id)
  assert.equal(claimOf(first, id, at)!.generation, 2)
  assert.equal(at.spec.name, b1.spec.name, 'equal boards: the slot came back to it')
  const running = [...b1.tasks.keys()]
  withDisk(world, b1, (disk) => {
    disk.clear()
    for (const [key, value] of image) disk.set(key, value)
  })
  world.run(40_000)
  assert.deepEqual([...b1.tasks.keys()], running)
  assert.equal(claimOf(first, id, b1)!.generation, 2)
  assert.ok(areEqual(boards))
})

test('an old image does not bring back what has ended since, on a board that is full of what came after it', () => {
  const { world } = bootPool(2, { board: () => ({ capacity: { cpuMhz: 4_000, memoryMib: 700, diskMib: 8_192 } }) })
  const early = place(world, { name: 'early', count: 4 })
  const b1 = world.board('b1')
  const image = new Map(b1.disk)
  edit(world, b1, jobDocId(early), 'default', () => new Map([['state/desired', 'stopped']]))
  world.run(5_000)
  place(world, { name: 'late', count: 4 })
  world.split([b1], [world.board('b0')])
  const starts = count(world, 'start')
  withDisk(world, b1, (disk) => {
    disk.clear()
    for (const [key, value] of image) disk.set(key, value)
  })
  world.run(3_000)
  assert.deepEqual([b1.tasks.size, count(world, 'start') - starts], [2, 0], 'two copies fit, and two run')
  world.heal()
  world.run(60_000)
  assert.deepEqual([b1.tasks.size, count(world, 'start') - starts], [2, 0])
})

test('an old image does not bring back what ended since, when all else that runs was only updated where it was', () => {
  // Seed 35: the newer version of one copy had the port that the older image gives to another.
  const port = (number: number | null) => ({ ...networkDefaults, ports: [{ label: 'http', static: number, to: null }] })
  const { world, first } = bootPool(1)
  const held = place(world, { name: 'held', group: { network: port(8_080) } })
  const other = place(world, { name: 'other', group: { network: port(9_090) } })
  const image = new Map(first.disk)
  edit(world, first, jobDocId(held), 'default', () => new Map([['state/desired', 'stopped']]))
  world.run(5_000)
  runJob(world, first, jobSpec({ name: 'other', group: { network: port(8_080) } }))
  world.run(10_000)
  withDisk(world, first, (disk) => {
    disk.clear()
    for (const [key, value] of image) disk.set(key, value)
  })
  const startsOf = (job: JobId): number => first.trail.filter((one) => one.what === 'start' && one.slot === slot(job, 0)).length
  world.run(2_000)
  assert.equal(startsOf(held), 1, 'what ended since is not started again')
  assert.equal(claimOf(first, slot(held, 0), first)?.state, 'stopped', 'and has not failed')
  assert.equal(runners(world, slot(other, 0)).length, 1)
})

test('a disk that lost everything but the key: the documents come back, what runs is adopted', () => {
  const { world, boards } = bootPool(3)
  const job = place(world, { count: 3 })
  edit(world, boards[0]!, jobDocId(job), 'default', () => new Map([[restartPath('g', 0), 3]]))
  world.run(10_000)
  const lost = home(world, slot(job))
  const starts = count(world, 'start')
  withDisk(world, lost, (disk) => disk.clear())
  world.run(60_000)
  assert.deepEqual([count(world, 'start') - starts, home(world, slot(job)).spec.name], [0, lost.spec.name])
  assert.equal(claimOf(boards[1]!, slot(job), lost)!.generation, 1)
  assert.ok(areEqual(boards))
})

test('a damaged document record is rebuilt from its signed changes', () => {
  const { world, boards } = bootPool(1)
  const job = place(world)
  const b0 = boards[0]!
  runJob(world, b0, jobSpec({ priority: 70 }))
  world.run(5_000)
  const digests = [...b0.core!.state!.docs.values()].map((doc) => `${doc.id} ${doc.digest}`).toSorted()
  withDisk(world, b0, (disk) => {
    for (const key of disk.keys()) if (key.startsWith('doc/')) disk.set(key, damaged())
  })
  const { docs, view } = b0.core!.state!
  assert.deepEqual(
    [...docs.values()]
      .filter((doc) => doc.kind !== 'node')
      .map((doc) => `${doc.id} ${doc.digest}`)
      .toSorted(),
    digests.filter((text) => !text.startsWith('node/')),
  )
  assert.equal(view.jobs.get(job)!.spec!.priority, 70)
  world.run(10_000)
  assert.deepEqual([count(world, 'start'), runners(world, slot(job)).length], [1, 1])
  assert.ok(b0.logs.some((line) => line.includes('is damaged and is rebuilt')))
})

test('a lost record of what a claim runs: a copy that runs is taken up, one that does not is placed anew', () => {
  const { world, boards } = bootPool(2)
  const job = place(world, { count: 2 })
  const b1 = world.board('b1')
  const mine = slotsOf(job, 2).find((id) => home(world, id) === b1)!
  withDisk(world, b1, (disk) => disk.delete(`meta/alloc/${mine}`))
  world.run(20_000)
  assert.deepEqual([count(world, 'start'), home(world, mine).spec.name], [2, 'b1'])
  assert.ok(b1.disk.has(`meta/alloc/${mine}`), 'and written down again')
  world.powerCut(b1)
  b1.disk.delete(`meta/alloc/${mine}`)
  world.run(1_000)
  world.boot(b1)
  world.until('it runs again', () => runners(world, mine).length === 1, 60_000)
  assert.equal(claimOf(boards[0]!, mine, home(world, mine))!.generation, 2)
})

test('a change of its own that the disk lost makes a board write its document anew', () => {
  const { world, boards } = bootPool(3)
  const job = place(world, { count: 3 })
  const b1 = world.board('b1')
  const own = b1.core!.state!.docs.get(nodeDocId(b1.spec.id))!
  withDisk(world, b1, (disk) => disk.delete(`env/${own.envelopes[1]!.hash}`))
  world.run(20_000)
  assert.equal(epochOf(boards[0]!, b1), own.epoch + 1)
  assert.ok(areEqual(boards))
  assert.deepEqual([count(world, 'start'), slotsOf(job, 3).every((id) => runners(world, id).length === 1)], [3, true])
})

test('a document that is changed hundreds of times stays small, keeps its claims and their generations, and everybody agrees', () => {
  const { world, boards, first } = bootPool(2)
  const job = place(world, { count: 2 })
  const claims = () =>
    boards.flatMap((board) => slotsOf(job, 2).map((id) => claimOf(first, id, board))).filter((claim) => claim !== undefined)
  const before = claims().map(({ slot: id, generation, alloc, state }) => ({ id, generation, alloc, state }))
  const b1 = world.board('b1')
  for (let n = 0; n < 300; n++) {
    world.feed(b1, { kind: 'addresses', now: world.queue.now, addresses: [`/sim/b1/${n}`] })
    world.run(coreLimits.ownProgressDelayMs)
  }
  world.run(30_000)
  const doc = b1.core!.state!.docs.get(nodeDocId(b1.spec.id))!
  assert.ok(doc.epoch >= 3 && doc.changeCount < 110, `epoch ${doc.epoch}, ${doc.changeCount} changes`)
  assert.ok(areEqual(boards))
  assert.deepEqual(
    claims().map(({ slot: id, generation, alloc, state }) => ({ id, generation, alloc, state })),
    before,
  )
  assert.deepEqual(first.core!.state!.view.nodes.get(b1.spec.id)!.addresses, ['/sim/b1/299'])
  const stored = [...b1.disk.keys()].filter((key) => key.startsWith('env/')).length
  assert.ok(stored < 300, `${stored} envelopes on disk: those of former epochs are deleted`)
  assert.deepEqual([count(world, 'start'), count(world, 'stop')], [2, 0])
})

test('a full disk: what runs goes on, nothing new is taken or updated, changes are refused, and all is well once there is room', () => {
  const { world, boards, first } = bootPool(2, { board: () => ({ capacity: { cpuMhz: 8_000, memoryMib: 8_000, diskMib: 32_000 } }) })
  const job = place(world, { count: 2 })
  const b1 = world.board('b1')
  const before = [...b1.tasks.keys()]
  world.fillDisk(b1)
  const more = runJob(world, first, jobSpec({ name: 'more', count: 3 }))
  world.until('the other board takes all of it', () => slotsOf(more, 3).every((id) => runners(world, id).length === 1), 60_000)
  assert.ok(b1.core!.state!.storeProblem !== null)
  assert.deepEqual([...b1.tasks.keys()], before, 'b1 takes none of them')
  assert.equal(
    answer(world, b1, 'error', { method: 'doc.put', envelopes: signJob(jobSpec({ name: 'refused' })).map(toBase64) }).code,
    'E_STORE_FULL',
  )
  // A new version of what runs there waits rather than stop a copy that could not be started again.
  runJob(world, first, jobSpec({ count: 2, command: '/bin/second' }))
  world.run(30_000)
  assert.deepEqual([...b1.tasks.keys()], before)
  world.freeDisk(b1)
  world.until(
    'the new version runs there too',
    () =>
      boards.every((board) => [...board.tasks.values()].some((task) => slotsOf(job, 2).includes(task.slot))) &&
      ![...b1.tasks.keys()].includes(before[0]!),
    60_000,
  )
  world.run(10_000)
  assert.ok(areEqual(boards))
  place(world, { name: 'again', count: 2 }, b1)
})

test('a board with an old image learns of it also from one that has itself lost a part of the newer changes', () => {
  const { world, boards } = bootPool(2)
  const [keeper, owner] = boards as [Board, Board]
  world.run(10_000)
  const image = new Map(owner.disk)
  place(world, { name: 'one', count: 2 })
  place(world, { name: 'two', count: 2 })
  world.run(10_000)
  world.powerCut(owner)
  const { epoch, envelopes } = keeper.core!.state!.docs.get(nodeDocId(owner.spec.id))!
  withDisk(world, keeper, (disk) => disk.delete(`env/${envelopes.at(-1)!.hash}`))
  owner.disk.clear()
  for (const [key, value] of image) owner.disk.set(key, value)
  world.boot(owner)
  world.until('the owner goes on at a higher epoch', () => epochOf(owner) > epoch, 10_000)
  world.run(10_000)
  assert.ok(areEqual(boards))
})
