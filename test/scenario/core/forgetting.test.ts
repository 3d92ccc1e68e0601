// What a board need not tell for ever: receipts of removed jobs, and ended claims that a later one elsewhere has replaced.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobPaths } from '../../../crdt/documents/job.ts'
import { jobDocId, opsDocId } from '../../../crdt/ids.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import type { Claim } from '../../../crdt/view.ts'
import { coreLimits } from '../../../node/core/limits.ts'
import { isReplaced } from '../../../node/core/forgetting.ts'
import type { State } from '../../../node/core/state.ts'
import { areEqual, createWorld, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

test('receipts of a removed job go an hour after its removal, and those of the others stay', () => {
  const world = createWorld(2)
  world.bootAll()
  world.run(5_000)
  const [b0, b1] = [world.board('b0'), world.board('b1')]
  const receipts = () => Object.keys(b1.core!.state!.view.nodes.get(b0.spec.id)!.receipts).filter((id) => id.startsWith('job/'))
  const [gone, kept] = [runJob(world, b0, jobSpec({ name: 'gone' })), runJob(world, b0, jobSpec({ name: 'kept' }))]
  world.run(5_000)
  edit(world, b0, jobDocId(gone), 'default', () => new Map([[jobPaths.desired, 'removed']]))
  world.run(5_000)
  assert.deepEqual(receipts(), [jobDocId(gone), jobDocId(kept)], 'whoever waits for confirmations gets them')
  world.run(coreLimits.receiptOfRemovedMs)
  runJob(world, b0, jobSpec({ name: 'news' }))
  world.run(5_000)
  assert.deepEqual(receipts(), [jobDocId(kept), 'job/default/news'])
  // Not for another hour after each boot.
  world.kill(b0)
  world.boot(b0)
  world.run(10_000)
  runJob(world, b0, jobSpec({ name: 'later' }))
  world.run(5_000)
  assert.deepEqual(receipts(), [jobDocId(kept), 'job/default/later', 'job/default/news'])
})

test('of ended claims that others have replaced only some are told; generations go on counting', () => {
  const count = coreLimits.replacedClaimsMax + 12
  const world = createWorld(2, { board: () => ({ capacity: { cpuMhz: 100_000, memoryMib: 1_000_000, diskMib: 1_000_000 } }) })
  world.bootAll()
  world.run(5_000)
  const [b0, b1] = [world.board('b0'), world.board('b1')]
  edit(world, b0, opsDocId(b1.spec.id), 'default', () => new Map([['eligible', false]]))
  const job = runJob(world, b0, jobSpec({ count, cpuMhz: 10, group: { migrate: { maxParallel: count, healthCheck: 'checks' } } }))
  const runOn = (name: string) =>
    world.until(
      `all on ${name}`,
      () => Array.from({ length: count }, (_, n) => runners(world, slot(job, n)).join()).every((on) => on === name),
      60_000,
    )
  runOn('b0')
  edit(world, b0, opsDocId(b1.spec.id), 'default', () => new Map([['eligible', true]]))
  edit(world, b0, opsDocId(b0.spec.id), 'default', () => new Map([['draining', true]]))
  runOn('b1')
  world.run(10_000)
  const told = [...b1.core!.state!.view.claims.values()].flat().filter((claim) => claim.node === b0.spec.id)
  assert.equal(told.length, coreLimits.replacedClaimsMax)
  assert.ok(told.every((claim) => Object.keys(claim.tasks).length === 0 && claim.resources === undefined))
  edit(world, b0, opsDocId(b0.spec.id), 'default', () => new Map([['draining', false]]))
  edit(world, b0, opsDocId(b1.spec.id), 'default', () => new Map([['draining', true]]))
  runOn('b0')
  world.run(10_000)
  const running = [...b0.core!.state!.view.claims.values()].flat().filter((claim) => claim.state === 'running')
  assert.deepEqual([...new Set(running.map((claim) => `${claim.node === b0.spec.id} ${claim.generation}`))], ['true 3'])
  assert.ok(areEqual([b0, b1]))
})

test('an ended claim is kept while only it holds a mark, a generation or the word of a failure', () => {
  const [self, other, silent] = ['self', 'other', 'silent'] as NodeId[] as [NodeId, NodeId, NodeId]
  const none = new Map<NodeId, number>()
  const ended = { slot: 'default/web/g/0', node: self, generation: 3, state: 'stopped', reason: '', form: 'f', over: none, lost: none }
  const isSo = (mine: object, theirs: object, verdicts: object[] = [], alone = false) => {
    const claim = { ...ended, ...mine } as unknown as Claim
    const rival = { ...ended, node: other, state: 'running', generation: 4, ...theirs } as unknown as Claim
    const state = {
      boot: { config: { self } },
      verdicts: new Map([[claim.slot, verdicts]]),
      view: {
        nodes: new Map([[other, { id: other, liveness: alone ? 'disconnected' : 'alive' }]]),
        claims: new Map([[claim.slot, [claim, rival]]]),
        jobs: new Map([['default/web', { forms: new Map([['g', 'f']]) }]]),
      },
    }
    return isReplaced(state as unknown as State, claim)
  }
  assert.equal(isSo({}, {}), true)
  assert.equal(isSo({}, { generation: 3 }), false)
  assert.equal(isSo({ over: new Map([[silent, 5]]) }, {}), false)
  assert.equal(isSo({ lost: new Map([[silent, 2]]) }, {}), false)
  assert.equal(isSo({ lost: new Map([[silent, 2]]) }, { lost: new Map([[silent, 2]]) }), true)
  assert.equal(isSo({ state: 'failed' }, {}), false)
  assert.equal(isSo({ state: 'failed' }, {}, [{ form: 'f', failures: 1 }]), true)
  assert.equal(isSo({ reason: 'alone: no peer heard' }, {}), true)
  assert.equal(isSo({ reason: 'alone: no peer heard' }, {}, [], true), false)
  assert.equal(isSo({ state: 'complete' }, {}), false, 'its work would be done again')
  assert.equal(isSo({ state: 'complete', form: 'former' }, {}), true)
})
