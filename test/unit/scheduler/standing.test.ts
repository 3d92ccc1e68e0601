import assert from 'node:assert/strict'
import test from 'node:test'
import type { Claim, NodeView } from '../../../crdt/view.ts'
import { type StandingInput, standing } from '../../../scheduler/standing.ts'
import { form, makeClaim, makeNode, node, slotOf, version } from '../../support/view.ts'

function stand(
  claims: readonly Claim[],
  parts: Partial<StandingInput> & { readonly boards?: readonly NodeView[]; readonly ranks?: Readonly<Record<string, number>> } = {},
) {
  const { boards = [makeNode('a'), makeNode('b'), makeNode('c')], ranks = {}, ...rest } = parts
  const found = standing({
    slot: slotOf(0),
    claims,
    nodes: new Map(boards.map((one) => [one.id, one])),
    form: form('f1'),
    version: version(1),
    runsOnce: false,
    reconcile: 'best_score',
    stopGeneration: 0,
    rankOf: (id) => ranks[id] ?? 0,
    isUnknown: () => false,
    ...rest,
  })
  return { ...found, heirNode: found.heir?.node ?? null, holderNode: found.holder?.node ?? null }
}

test('what ended well at the form in force settles the slot of a job that runs once, whatever became of its board', () => {
  const done = makeClaim('a', { state: 'complete', generation: 2 })
  const of = (claims: readonly Claim[], parts: Parameters<typeof stand>[1] = {}): string | null =>
    stand(claims, { runsOnce: true, ...parts }).complete?.node ?? null
  assert.equal(of([done, makeClaim('b', { generation: 3 })]), 'a')
  assert.equal(of([done], { boards: [makeNode('a', { evicted: true })] }), 'a')
  assert.equal(of([done], { boards: [] }), 'a')
  assert.equal(of([done, makeClaim('b', { state: 'complete' })]), 'b', 'the lower generation is named')
  assert.equal(of([{ ...done, version: version(9) }]), 'a', 'another version with the same form')
  assert.equal(of([{ ...done, form: form('f0') }]), null, 'another program')
  assert.equal(of([{ ...done, state: 'stopped' }]), null)
  assert.equal(of([done], { runsOnce: false }), null, 'a service never is')
  assert.equal(of([done], { stopGeneration: 2 }), 'a', 'what is done cannot be stopped')
})

test('a tie leaves the original, whichever id it has', () => {
  assert.equal(stand([makeClaim('a', { generation: 2 }), makeClaim('b')]).heirNode, 'b')
  assert.equal(stand([makeClaim('a'), makeClaim('b', { generation: 2 })]).heirNode, 'a')
})

test('equal generations are ordered, the same way from both sides', () => {
  const one = stand([makeClaim('a'), makeClaim('b')]).heirNode
  assert.equal(stand([makeClaim('b'), makeClaim('a')]).heirNode, one)
})

test('a better rank is heir, and holder only once it runs', () => {
  const original = makeClaim('a')
  const waiting = stand([original, makeClaim('b', { generation: 2, state: 'preparing' })], { ranks: { b: 1 } })
  assert.deepEqual([waiting.heirNode, waiting.holderNode], ['b', 'a'])
  const runs = stand([original, makeClaim('b', { generation: 2 })], { ranks: { b: 1 } })
  assert.deepEqual([runs.heirNode, runs.holderNode], ['b', 'b'])
})

test('the form in force comes before rank, then the newer version', () => {
  const old = makeClaim('a', { form: form('f0'), version: version(1) })
  const newer = makeClaim('b', { version: version(3), generation: 2 })
  assert.equal(stand([old, newer], { version: version(3), ranks: { a: 9 } }).heirNode, 'b')
  const middle = makeClaim('b', { form: form('g'), version: version(2), generation: 2 })
  assert.equal(stand([old, middle], { version: version(3), ranks: { a: 9 } }).heirNode, 'b')
})

test('after a revert, the older claim at the form in force comes before the newer one at another', () => {
  const kept = makeClaim('a', { version: version(1) })
  const tried = makeClaim('b', { form: form('f2'), version: version(2), generation: 2 })
  assert.equal(stand([kept, tried], { version: version(3), ranks: { b: 9 } }).heirNode, 'a')
})

test('reconcile names the order', () => {
  const claims = [makeClaim('a', { generation: 1, startedAt: 500 }), makeClaim('b', { generation: 2, startedAt: 100 })]
  const heir = (reconcile: StandingInput['reconcile']): string | null => stand(claims, { reconcile, ranks: { b: 5 } }).heirNode
  assert.equal(heir('best_score'), 'b')
  assert.equal(heir('keep_original'), 'a')
  assert.equal(heir('keep_replacement'), 'b')
  assert.equal(heir('longest_running'), 'b')
  const neverStarted = [makeClaim('a', { state: 'claimed' }), makeClaim('b', { generation: 2 })]
  assert.equal(stand(neverStarted, { reconcile: 'longest_running' }).heirNode, 'b')
})

test('draining ranks behind, lost behind that, whatever became of the claim that holds the mark', () => {
  const boards = [makeNode('a'), makeNode('b', { draining: true }), makeNode('c')]
  const lost = makeClaim('a', { generation: 1 })
  const marker = makeClaim('c', { generation: 3, state: 'failed', lost: new Map([[node('a'), 1]]) })
  assert.deepEqual(
    stand([lost, makeClaim('b', { generation: 2 }), marker], { boards, ranks: { a: 9 } }).live.map((claim) => claim.node),
    ['b', 'a'],
  )
  assert.equal(
    stand([{ ...lost, generation: 4 }, makeClaim('b', { generation: 2 }), marker], { boards }).heirNode,
    'a',
    'a later claim of the node is not lost',
  )
})

test('ended, evicted, left, stopped by an operator: not live', () => {
  for (const state of ['failed', 'stopped', 'withdrawn', 'complete'] as const) assert.equal(stand([makeClaim('a', { state })]).heir, null)
  assert.equal(stand([makeClaim('a')], { boards: [makeNode('a', { evicted: true })] }).heir, null)
  assert.equal(stand([makeClaim('a')], { boards: [makeNode('a', { liveness: 'left' })] }).heir, null)
  assert.equal(stand([makeClaim('a')], { stopGeneration: 1 }).heir, null)
  assert.equal(stand([makeClaim('a', { generation: 2 })], { stopGeneration: 1 }).heirNode, 'a')
})

test('a claim at a version above this view neither wins nor loses', () => {
  const found = stand([makeClaim('a'), makeClaim('b', { version: version(2), generation: 2 })])
  assert.deepEqual([found.heirNode, found.live.length, found.ahead.length], ['a', 1, 1])
})

test('unknown claims are kept apart', () => {
  const found = stand([makeClaim('a'), makeClaim('b', { generation: 2 })], { isUnknown: (id) => id === 'a' })
  assert.deepEqual([found.heirNode, found.unknown.map((claim) => claim.node)], ['b', ['a']])
})
