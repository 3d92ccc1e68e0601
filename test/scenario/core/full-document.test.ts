// A board's own document has an end, and every peer refuses what goes beyond: before that the board takes nothing new, and what it says
// is always heard. Claims that ended take little room, and a rewrite drops what they had.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { jobDocId, nodeDocId, opsDocId } from '../../../crdt/ids.ts'
import { limits } from '../../../crdt/limits.ts'
import { areEqual, createWorld, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const tasksPerCopy = 32

function largeJob(name: string, count: number) {
  const spec = jobSpec({ name, count, cpuMhz: 1 })
  const [task] = spec.groups[0]!.tasks
  const tasks = Array.from({ length: tasksPerCopy }, (_, n) => ({ ...task!, name: `t${n}` }))
  return jobSpec({ name, count, cpuMhz: 1, group: { tasks } })
}

test('a board whose document is full takes no new claims, says so, and is heard by its peers all the time', () => {
  const world = createWorld(2, { board: () => ({ capacity: { cpuMhz: 1_000_000, memoryMib: 10_000_000, diskMib: 10_000_000 } }) })
  world.bootAll()
  world.run(3_000)
  const [b0, b1] = [world.board('b0'), world.board('b1')]
  edit(world, b0, opsDocId(b1.spec.id), 'default', () => new Map([['eligible', false]]))
  for (const name of ['first', 'second']) {
    const job = runJob(world, b0, largeJob(name, 60))
    world.run(12_000)
    const running = Array.from({ length: 60 }, (_, index) => runners(world, slot(job, index))).filter(({ length }) => length > 0)
    assert.ok(running.length >= 30 && running.length < 60, `${running.length} copies run`)
    const [explained] = world.request(b1, { method: 'job.explain', job: name })
    const left = explained?.kind === 'explain' ? explained.slots.filter(({ holder }) => holder === null) : []
    assert.equal(left.length, 60 - running.length)
    for (const { nodes } of left) assert.equal(nodes.find(({ node }) => node === b0.spec.id)?.rejected, 'document-full')
    edit(world, b0, jobDocId(job), 'default', () => new Map([[jobPaths.desired, 'stopped']]))
    world.run(12_000)
  }
  assert.ok(b0.core!.state!.events.some(({ what }) => what.startsWith('document-full')))
  assert.ok(b0.core!.state!.docs.get(nodeDocId(b0.spec.id))!.registers.size <= limits.docRegistersMax)
  assert.equal(b1.core!.state!.refusals['E_SIZE'] ?? 0, 0)
  assert.ok(areEqual([b0, b1]))
})
