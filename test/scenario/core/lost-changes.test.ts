// Signed changes and documents that a disk has lost: asked for again, and given up when nobody has them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { Board } from '../../../simulator/world.ts'
import { answer, bootPool, home, place, withDisk } from '../../support/pool.ts'
import { allAlive, areEqual, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

test('a signed change that the disk lost is asked for again', () => {
  const { world, boards } = bootPool(3)
  const job = place(world, { count: 1 })
  const b1 = world.board('b1')
  const [ref] = b1.core!.state!.docs.get(jobDocId(job))!.envelopes
  withDisk(world, b1, (disk) => disk.delete(`env/${ref!.hash}`))
  world.until('it is there again', () => b1.disk.has(`env/${ref!.hash}`), 40_000)
  world.run(5_000)
  assert.ok(areEqual(boards))
  assert.equal(answer(world, b1, 'doc', { method: 'doc.get', doc: jobDocId(job) }).envelopes.length, 1)
})

for (const isBuiltOn of [false, true]) {
  test(`two disks that have each lost another change mend one another (${isBuiltOn ? 'one builds on the other' : 'made on two sides'})`, () => {
    const { world, boards } = bootPool(2)
    const job = place(world)
    const [b0, b1] = boards as [Board, Board]
    if (!isBuiltOn) world.split([b0], [b1])
    runJob(world, b0, jobSpec({ priority: 70 }))
    if (isBuiltOn) world.run(2_000)
    runJob(world, b1, jobSpec({ count: 2 }))
    world.heal()
    world.until('both have both', () => areEqual(boards), 30_000)
    const both = b0.core!.state!.docs.get(jobDocId(job))!.envelopes.slice(-2)
    world.split([b0], [b1])
    for (const [board, ref] of [
      [b0, both[0]!],
      [b1, both[1]!],
    ] as const)
      withDisk(world, board, (disk) => disk.delete(`env/${ref.hash}`))
    assert.ok(boards.every((board) => board.core!.state!.lacking.size === 1))
    world.heal()
    world.until('nothing is lacking', () => boards.every((board) => board.core!.state!.lacking.size === 0), 30_000)
    for (const board of boards) for (const ref of both) assert.ok(board.disk.has(`env/${ref.hash}`))
    assert.ok(areEqual(boards))
  })
}

test('a signed change that the only disk with it has lost is given up: all agree again, and the job can be changed on both boards', () => {
  const { world, boards } = bootPool(2)
  const job = place(world)
  const [b0, b1] = [world.board('b0'), world.board('b1')]
  world.split([b0], [b1])
  runJob(world, b1, jobSpec({ priority: 70 }))
  world.run(6_000)
  const ref = b1.core!.state!.docs.get(jobDocId(job))!.envelopes.at(-1)!
  withDisk(world, b1, (disk) => disk.delete(`env/${ref.hash}`))
  world.heal()
  world.until('equal', () => areEqual(boards), 400_000)
  assert.equal(b1.core!.state!.view.jobs.get(job)!.spec!.priority, 50)
  assert.ok(b1.logs.some((line) => line.includes('1 signed changes of job/default/web are gone from this disk')))
  runJob(world, b1, jobSpec({ priority: 80 }))
  world.until('b0 takes what was written on b1', () => b0.core!.state!.view.jobs.get(job)!.spec!.priority === 80, 20_000)
})

test('a copy that runs a version that is given up is updated to the one that is left', () => {
  const { world, boards } = bootPool(2)
  const job = place(world)
  const lost = home(world, slot(job))
  const other = boards.find((board) => board !== lost)!
  const programOn = (board: Board) => board.core!.state!.allocs.get(slot(job))?.body.group.tasks[0]!.config.command
  world.split([lost], [other])
  runJob(world, lost, jobSpec({ command: '/bin/second' }))
  world.run(6_000)
  assert.equal(programOn(lost), '/bin/second')
  const ref = lost.core!.state!.docs.get(jobDocId(job))!.envelopes.at(-1)!
  withDisk(world, lost, (disk) => disk.delete(`env/${ref.hash}`))
  world.heal()
  world.until('it is given up', () => areEqual(boards), 400_000)
  world.until(
    'one copy runs what is left',
    () => runners(world, slot(job)).length === 1 && programOn(home(world, slot(job))) === '/bin/app',
    60_000,
  )
})

test('a copy that runs a version of which no document tells any more is updated as well, once everybody has been here for long', () => {
  const { world, boards } = bootPool(2)
  const job = place(world)
  const key = `doc/${jobDocId(job)}`
  const lost = home(world, slot(job))
  const other = boards.find((board) => board !== lost)!
  world.run(10_000)
  const before = lost.disk.get(key)!
  world.split([lost], [other])
  runJob(world, lost, jobSpec({ command: '/bin/second' }))
  world.run(6_000)
  const ref = lost.core!.state!.docs.get(jobDocId(job))!.envelopes.at(-1)!
  // Of the job the disk is an old one, of the board's own document it is not.
  withDisk(world, lost, (disk) => {
    disk.set(key, before)
    disk.delete(`env/${ref.hash}`)
  })
  world.heal()
  world.run(60_000)
  assert.equal(runners(world, slot(job)).length, 1, 'somebody may still come who knows the version')
  assert.equal(world.board(lost.spec.name).core!.state!.allocs.get(slot(job))?.body.group.tasks[0]!.config.command, '/bin/second')
  world.until(
    'one copy runs what is known',
    () => {
      const [runner, ...more] = runners(world, slot(job))
      const command = home(world, slot(job))?.core!.state!.allocs.get(slot(job))?.body.group.tasks[0]!.config.command
      return runner !== undefined && more.length === 0 && command === '/bin/app'
    },
    900_000,
  )
})

test('a wish about a board that is lost whole is given up once everybody has been asked, and the board counts again', () => {
  const { world, boards } = bootPool(3)
  const [b0, b1, b2] = boards as [Board, Board, Board]
  world.split([b0], [b1, b2])
  edit(world, b0, opsDocId(b2.spec.id), 'default', () => new Map([[opsPaths.evicted, true]]))
  world.run(6_000)
  const ref = b0.core!.state!.docs.get(opsDocId(b2.spec.id))!.envelopes.at(-1)!
  withDisk(world, b0, (disk) => disk.delete(`env/${ref.hash}`))
  world.run(400_000)
  assert.equal(b0.core!.state!.view.nodes.get(b2.spec.id)!.evicted, true, 'alone, it gives up nothing')
  world.heal()
  world.until('equal', () => areEqual(boards) && allAlive(boards), 700_000)
  assert.ok(b0.logs.some((line) => line.includes('it is given up; make it anew')))
  assert.deepEqual(
    [...b0.disk.keys()].filter((key) => key.includes(ref.hash) || key.includes('ops/')),
    [],
  )
})

for (const isRecordLost of [false, true]) {
  test(`a job that is lost whole (${isRecordLost ? 'with' : 'without'} its record) is given up, what ran for it is stopped, and it can be made anew`, () => {
    const { world, boards } = bootPool(2)
    const [b0, b1] = boards as [Board, Board]
    world.split([b0], [b1])
    const job = runJob(world, b0, jobSpec({ group: { disconnect: { ...disconnectDefaults, partition: 'any' } } }))
    world.until('it runs', () => b0.tasks.size === 1, 90_000)
    const ref = b0.core!.state!.docs.get(jobDocId(job))!.envelopes.at(-1)!
    withDisk(world, b0, (disk) => {
      disk.delete(`env/${ref.hash}`)
      if (isRecordLost) disk.delete(`doc/${jobDocId(job)}`)
    })
    // It looks every five minutes, and the second look comes soon after the heal.
    world.run(590_000)
    assert.equal(b0.tasks.size, 1, 'alone, it gives up nothing')
    world.heal()
    world.run(60_000)
    assert.equal(b0.tasks.size, 1, 'who has just come back may have it yet')
    world.until('stopped, and equal', () => b0.tasks.size === 0 && areEqual(boards), 700_000)
    runJob(world, b1, jobSpec({}))
    world.until('it runs again', () => runners(world, slot(job)).length === 1, 60_000)
  })
}
