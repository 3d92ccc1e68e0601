import assert from 'node:assert/strict'
import test from 'node:test'
import type { Claim, View } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Action } from '../../../scheduler/types.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNodes, makeView, node, slotOf, version } from '../../support/view.ts'
import type { ViewParts } from '../../support/view.ts'

const slot = slotOf(0)
const local = makeLocal('n00')

function asked(parts: ViewParts | View, self = 'n00', silent: Readonly<Record<string, number>> = {}): readonly Action[] {
  const view = 'pool' in parts ? parts : makeView(parts)
  const now = makeLocal(self, { silent })
  return actions(view, plan(view, now), now)
}

const kinds = (found: readonly Action[]): string[] => found.map((action) => action.kind)
const over = (name: string, generation = 1): Partial<Claim> => ({ over: new Map([[node(name), generation]]) })

test('the candidate claims, the heir starts, what runs alone is left alone', () => {
  const empty = makeView({ nodes: makeNodes(1) })
  assert.deepEqual(asked(empty), [{ kind: 'claim', form: form('f1'), slot, generation: 1, lost: new Map() }])
  for (const state of ['claimed', 'preparing', 'starting'] as const)
    assert.deepEqual(asked({ claims: [makeClaim('n00', { state })] }), [{ kind: 'start', slot }])
  assert.deepEqual(asked({ claims: [makeClaim('n00')] }), [])
  assert.deepEqual(asked({ claims: [makeClaim('n00', { state: 'stopping' })] }), [])
})

test('a running heir names its rivals; the rival stops only then', () => {
  const claims = [makeClaim('n00'), makeClaim('n01', { generation: 2 })]
  assert.deepEqual(asked({ claims }), [{ kind: 'over', slot, over: new Map([[node('n01'), 2]]) }])
  assert.deepEqual(asked({ claims }, 'n01'), [])
  const named = [makeClaim('n00', over('n01', 2)), makeClaim('n01', { generation: 2 })]
  assert.deepEqual(asked({ claims: named }, 'n01'), [{ kind: 'stop', slot, reason: 'replaced: n00' }])
  assert.deepEqual(asked({ claims: named }), [])
  assert.deepEqual(
    asked({ claims: [makeClaim('n00', over('n01', 1)), makeClaim('n01', { generation: 2 })] }, 'n01'),
    [],
    'another generation is named',
  )
})

test('a node that does not know the fleet’s rules stops nothing that runs for a heir of older ones, unless it drains', () => {
  const claims = (own: Partial<Claim> = {}) => [makeClaim('n00', over('n01', 2)), makeClaim('n01', { generation: 2, ...own })]
  const of = (own: Partial<Claim>, draining = false) =>
    asked({ fleet: { planVersion: 2 }, nodes: makeNodes(2, (i) => ({ draining: i === 1 && draining })), claims: claims(own) }, 'n01')
  assert.deepEqual(of({}), [])
  assert.deepEqual(of({}, true), [{ kind: 'stop', slot, reason: 'replaced: n00' }])
  assert.deepEqual(of({ state: 'preparing' }), [{ kind: 'withdraw', slot, reason: 'not-needed: n00' }], 'nothing runs there')
})

test('a copy whose work another has done stops at once, though nobody names it and the other is not here', () => {
  const job = makeJob({ spec: { type: 'batch' } })
  const done = makeClaim('n01', { state: 'complete' })
  const nodes = makeNodes(2, (i) => (i === 1 ? { liveness: 'disconnected' } : {}))
  const of = (own: Partial<Claim>) => asked({ nodes, jobs: [job], claims: [makeClaim('n00', { generation: 2, ...own }), done] })
  assert.deepEqual(of({}), [{ kind: 'stop', slot, reason: 'complete: n01' }])
  assert.deepEqual(of({ state: 'preparing' }), [{ kind: 'withdraw', slot, reason: 'complete: n01' }])
  assert.deepEqual(of({ form: form('f0') }), [{ kind: 'stop', slot, reason: 'complete: n01' }], 'an older program of the same slot')
  assert.deepEqual(asked({ nodes, jobs: [job], claims: [done] }), [], 'nobody claims what is done')
  const old = makeJob({ spec: { type: 'batch' }, form: form('f2'), version: version(2) })
  assert.deepEqual(kinds(asked({ nodes, jobs: [old], claims: [done] })), ['claim'], 'another program runs anew')
})

test('only a heir that runs names rivals', () => {
  const nodes = makeNodes(3, (i) => ({ weight: i === 0 ? 10 : 0 }))
  assert.deepEqual(kinds(asked({ nodes, claims: [makeClaim('n00', { state: 'starting' }), makeClaim('n01', { generation: 2 })] })), [
    'start',
  ])
})

test('no copy stops for a claim that does not run, or whose node is not alive here', () => {
  const rival = makeClaim('n01', { generation: 2 })
  assert.deepEqual(asked({ claims: [makeClaim('n00', { state: 'starting', ...over('n01', 2) }), rival] }, 'n01'), [])
  const nodes = makeNodes(3, (i) => (i === 0 ? { liveness: 'unheard' } : {}))
  assert.deepEqual(asked({ nodes, claims: [makeClaim('n00', over('n01', 2)), rival] }, 'n01', { n00: 1_000 }), [])
})

test('a claim that does not run and is neither heir nor holder is withdrawn, unless the heir is silent', () => {
  const claims = [makeClaim('n00'), makeClaim('n01', { generation: 2, state: 'preparing' })]
  assert.deepEqual(asked({ claims }, 'n01'), [{ kind: 'withdraw', slot, reason: 'not-needed: n00' }])
  const nodes = makeNodes(3, (i) => (i === 0 ? { liveness: 'disconnected' } : {}))
  assert.deepEqual(asked({ nodes, claims }, 'n01', { n00: 1_000 }), [])
  assert.deepEqual(kinds(asked({ nodes, claims }, 'n01', { n00: 60_000 })), ['start'])
})

test('two claims of one generation: what never ran gives way to what runs, whatever the ranks', () => {
  const nodes = makeNodes(3, (i) => ({ weight: i === 0 ? 10 : 0 }))
  const never = (state: Claim['state']): Claim => makeClaim('n00', { state, startedAt: 0 })
  for (const state of ['claimed', 'preparing'] as const)
    assert.deepEqual(asked({ nodes, claims: [never(state), makeClaim('n01')] }), [{ kind: 'withdraw', slot, reason: 'not-needed: n01' }])
  const goesOn = (claims: readonly Claim[], others = nodes): void => assert.deepEqual(kinds(asked({ nodes: others, claims })), ['start'])
  goesOn([makeClaim('n00', { state: 'preparing', startedAt: 1_000 }), makeClaim('n01')])
  goesOn([never('starting'), makeClaim('n01')])
  goesOn([{ ...never('claimed'), generation: 2 }, makeClaim('n01')])
  goesOn([never('claimed'), makeClaim('n01', { state: 'starting' })])
  goesOn(
    [never('claimed'), makeClaim('n01')],
    makeNodes(3, (i) => (i === 1 ? { liveness: 'disconnected' } : { weight: i === 0 ? 10 : 0 })),
  )
  goesOn(
    [never('claimed'), makeClaim('n01')],
    makeNodes(3, (i) => (i === 1 ? { draining: true } : { weight: i === 0 ? 10 : 0 })),
  )
})

test('on identical boards, with other jobs added meanwhile, the original stays', () => {
  const other = makeJob({ name: 'other', groups: [makeGroup({ count: 6 })] })
  const others = Array.from({ length: 6 }, (_, i) => makeClaim('n00', { slot: slotOf(i, 'web', 'other') }))
  for (const [original, replacement] of [
    ['n00', 'n01'],
    ['n01', 'n00'],
  ] as const) {
    const claims = [makeClaim(original), makeClaim(replacement, { generation: 2 }), ...others]
    const made = plan(makeView({ jobs: [makeJob(), other], claims }), local)
    assert.equal(made.bySlot.get(slot)?.standing.heir?.node, original)
  }
})

test('a better rank stays only once it runs', () => {
  const nodes = makeNodes(3, (i) => ({ weight: i === 1 ? 50 : 0 }))
  assert.deepEqual(
    asked({ nodes, claims: [makeClaim('n00'), makeClaim('n01', { generation: 2, state: 'preparing', ...over('n00') })] }),
    [],
  )
  assert.deepEqual(kinds(asked({ nodes, claims: [makeClaim('n00'), makeClaim('n01', { generation: 2, ...over('n00') })] })), ['stop'])
})

test('operators: stopped, removed, scaled down, alloc stop, evicted', () => {
  const claims = [makeClaim('n00')]
  const reasonOf = (parts: ViewParts): unknown =>
    asked({ claims, ...parts }).flatMap((action) => ('reason' in action ? [[action.kind, action.reason]] : []))
  assert.deepEqual(reasonOf({ jobs: [makeJob({ desired: 'stopped' })] }), [['stop', 'job-stopped']])
  assert.deepEqual(reasonOf({ jobs: [makeJob({ desired: 'removed' })] }), [['stop', 'job-removed']])
  assert.deepEqual(reasonOf({ jobs: [makeJob({ groups: [makeGroup({ count: 0 })] })] }), [['stop', 'scaled-down']])
  assert.deepEqual(reasonOf({ jobs: [makeJob({ groups: [makeGroup({ name: 'api' })] })] }), [['stop', 'scaled-down']])
  assert.deepEqual(reasonOf({ jobs: [makeJob({ wishes: new Map([[slot, { restart: 0, stopGeneration: 1 }]]) })] }), [
    ['stop', 'alloc-stop'],
  ])
  assert.deepEqual(reasonOf({ nodes: makeNodes(3, (i) => ({ evicted: i === 0 })), jobs: [] }), [['stop', 'evicted']])
  assert.deepEqual(reasonOf({ jobs: [makeJob({ desired: 'stopped' })], claims: [makeClaim('n00', { state: 'preparing' })] }), [
    ['withdraw', 'job-stopped'],
  ])
})

test('after alloc stop the slot is placed anew, not on the node whose copy has not ended', () => {
  const jobs = [makeJob({ wishes: new Map([[slot, { restart: 0, stopGeneration: 3 }]]) })]
  const made = plan(makeView({ jobs, claims: [makeClaim('n00')] }), local).slots[0]
  assert.notEqual(made?.candidate, 'n00')
  assert.equal(made?.nextGeneration, 4)
})

test('nothing is stopped because its job, its version or any valid specification is not known here', () => {
  assert.deepEqual(asked({ jobs: [], claims: [makeClaim('n00')] }), [])
  assert.deepEqual(asked({ jobs: [{ ...makeJob(), spec: null }], claims: [makeClaim('n00')] }), [])
  assert.deepEqual(asked({ jobs: [makeJob({ desired: 'stopped' })], claims: [makeClaim('n00', { version: version(2) })] }), [])
})

test('alloc restart reaches a claim once', () => {
  const jobs = [makeJob({ wishes: new Map([[slot, { restart: 2, stopGeneration: 0 }]]) })]
  assert.deepEqual(asked({ jobs, claims: [makeClaim('n00', { restartSeen: 1 })] }), [{ kind: 'restart', slot, restart: 2 }])
  assert.deepEqual(asked({ jobs, claims: [makeClaim('n00', { restartSeen: 2 })] }), [])
})

test('draining: a second claim elsewhere, the copy runs until that one is healthy; with no place it stays', () => {
  const nodes = makeNodes(2, (i) => ({ draining: i === 0 }))
  assert.deepEqual(asked({ nodes, claims: [makeClaim('n00')] }), [])
  assert.deepEqual(asked({ nodes, claims: [makeClaim('n00')] }, 'n01'), [
    { kind: 'claim', form: form('f1'), slot, generation: 2, lost: new Map() },
  ])
  const second = makeClaim('n01', { generation: 2, state: 'preparing' })
  assert.deepEqual(asked({ nodes, claims: [makeClaim('n00'), second] }), [])
  assert.deepEqual(kinds(asked({ nodes, claims: [makeClaim('n00'), { ...second, state: 'running' }] }, 'n01')), ['over'])
  const named = { ...second, state: 'running', healthy: false, ...over('n00') } as const
  assert.deepEqual(asked({ nodes, claims: [makeClaim('n00'), named] }), [])
  assert.deepEqual(kinds(asked({ nodes, claims: [makeClaim('n00'), { ...named, healthy: true }] })), ['stop'])
  const older = { ...named, generation: 1, over: new Map([[makeClaim('n00').node, 3]]) }
  assert.deepEqual(
    kinds(asked({ claims: [makeClaim('n00', { generation: 3 }), older] })),
    ['stop'],
    'one that does not drain gives way to what runs',
  )
  const alone = makeView({ nodes: makeNodes(1, () => ({ draining: true })), claims: [makeClaim('n00')] })
  assert.deepEqual(asked(alone), [])
  assert.equal(plan(alone, local).slots[0]?.reason, 'no-node-feasible')
})

test('same form, newer version: adopted without a restart', () => {
  const jobs = [makeJob({ version: version(4) })]
  assert.deepEqual(asked({ jobs, claims: [makeClaim('n00')] }), [{ kind: 'adopt-version', slot, version: version(4) }])
})

test('the original is judged at the version that it adopts: a change of count during a cut does not decide the heal', () => {
  const jobs = [makeJob({ version: version(4) })]
  const claims = [makeClaim('n00'), makeClaim('n01', { generation: 2, version: version(4), ...over('n00') })]
  assert.deepEqual(kinds(asked({ jobs, claims })), ['over', 'adopt-version'])
  const nodes = makeNodes(3, (i) => ({ weight: i === 1 ? 10 : 0 }))
  assert.deepEqual(kinds(asked({ nodes, jobs, claims })), ['stop', 'adopt-version'])
})

test('newest version wins: the other form stops once the new one runs and names it', () => {
  const jobs = [makeJob({ version: version(4), form: form('f4') })]
  const nodes = makeNodes(3, (i) => ({ weight: i === 0 ? 100 : 0 }))
  const second = makeClaim('n01', { generation: 2, version: version(4), form: form('f4'), ...over('n00') })
  assert.deepEqual(kinds(asked({ nodes, jobs, claims: [makeClaim('n00'), second] })), ['stop'])
  assert.deepEqual(kinds(asked({ nodes, jobs, claims: [makeClaim('n00'), { ...second, state: 'starting' }] })), [])
})

test('what frees room comes first', () => {
  const wished = makeJob({ groups: [makeGroup({ count: 2 })], wishes: new Map([[slotOf(1), { restart: 0, stopGeneration: 1 }]]) })
  const view = makeView({ nodes: makeNodes(1), jobs: [wished], claims: [makeClaim('n00', { slot: slotOf(1) })] })
  assert.deepEqual(kinds(asked(view)), ['stop', 'claim'])
})
