// What a silent node means for its slots: replace_after, replace, lost_after, partition, pacing. The rules that protect an
// operator in the first real outage are here by name.

import assert from 'node:assert/strict'
import test from 'node:test'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'
import type { GroupSpec } from '../../../crdt/spec.ts'
import type { NodeView, View } from '../../../crdt/view.ts'
import { actions } from '../../../scheduler/actions.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Local, SlotPlan } from '../../../scheduler/types.ts'
import {
  form,
  makeClaim,
  makeGroup,
  makeJob,
  makeLocal,
  makeNodes,
  makeVerdict,
  makeView,
  node,
  slotOf,
  version,
} from '../../support/view.ts'

const minute = 60_000

/** n00 holds slot 0 and is silent for so long; self is n01 in a pool of three. */
function silentFor(ms: number, disconnect: Partial<GroupSpec['disconnect']> = {}, more: Partial<NodeView> = {}): SlotPlan | undefined {
  const nodes = makeNodes(3, (i) => (i === 0 ? { liveness: 'disconnected', ...more } : {}))
  const job = makeJob({ groups: [makeGroup({ disconnect: { ...disconnectDefaults, ...disconnect } })] })
  const view = makeView({ nodes, jobs: [job], claims: [makeClaim('n00')] })
  return plan(view, makeLocal('n01', { silent: { n00: ms } })).slots[0]
}

test('before replace_after the silent claim holds; from then on it is unknown and replaced once', () => {
  const before = silentFor(minute - 1)
  assert.deepEqual([before?.standing.holder?.node, before?.candidate, before?.reason], ['n00', null, 'waiting-replace-after'])
  const after = silentFor(minute)
  assert.deepEqual([after?.standing.holder, after?.standing.unknown.length, after?.reason], [null, 1, null])
  assert.notEqual(after?.candidate, null)
  assert.equal(after?.nextGeneration, 2)
  assert.notEqual(silentFor(0, { replaceAfterMs: 0 })?.candidate, null)
})

test('a drain of a silent node waits for replace_after as well', () => {
  assert.equal(silentFor(1_000, {}, { draining: true })?.reason, 'waiting-replace-after')
})

test('replace=false waits for ever, unless lost_after was set and has passed, or the node is evicted', () => {
  const day = 86_400_000
  assert.equal(silentFor(9 * day, { replace: false })?.reason, 'replace-disabled')
  const explicit = { replace: false, lostAfterMs: day, lostAfterExplicit: true }
  assert.equal(silentFor(day - 1, explicit)?.reason, 'replace-disabled')
  assert.notEqual(silentFor(day, explicit)?.candidate, null)
  assert.notEqual(silentFor(0, { replace: false }, { evicted: true })?.candidate, null)
})

test('the plan says when waiting ends', () => {
  const nodes = makeNodes(3, (i) => (i === 0 ? { liveness: 'disconnected' } : {}))
  const view = makeView({ nodes, claims: [makeClaim('n00')] })
  const local = makeLocal('n01', { silent: { n00: 20_000 } })
  assert.equal(plan(view, local).wakeAt, local.now + 40_000)
})

/** A pool in which only `alive` boards are seen; every board holds the slot of its number. */
function pool(
  total: number,
  alive: number,
  liveness: NodeView['liveness'] = 'disconnected',
  disconnect: Partial<GroupSpec['disconnect']> = {},
) {
  const nodes = makeNodes(total, (i) => ({ liveness: i < alive ? 'alive' : liveness }))
  const job = makeJob({ groups: [makeGroup({ count: total, disconnect: { ...disconnectDefaults, ...disconnect } })] })
  const claims = nodes.map((one, i) => makeClaim(one.name, { slot: slotOf(i) }))
  const silent = Object.fromEntries(nodes.slice(alive).map((one) => [one.name, 10 * minute]))
  return { view: makeView({ nodes, jobs: [job], claims }), local: makeLocal('n00', { silent }) }
}

const begun = ({ view, local }: { view: View; local: Local }): number =>
  plan(view, local).slots.filter((slot) => slot.candidate !== null).length

test('a board alone in a pool of ten starts nothing that it did not hold', () => {
  for (const liveness of ['disconnected', 'unheard'] as const) {
    const alone = pool(10, 1, liveness)
    const made = plan(alone.view, alone.local)
    assert.equal(begun(alone), 0)
    assert.ok(made.slots.slice(1).every((slot) => slot.reason === 'partition-half'))
    assert.deepEqual(actions(alone.view, made, alone.local), [])
  }
  assert.ok(begun(pool(10, 1, 'disconnected', { partition: 'any' })) > 0)
})

test('alone, it does not take over slots that failed, were stopped or evicted on the other side either', () => {
  const { view, local } = pool(10, 1)
  const one = slotOf(1)
  const failed = new Map(view.claims).set(one, [makeClaim('n01', { slot: one, state: 'failed' })])
  const late = { ...local, failedSince: new Map([[one, 0]]) }
  assert.equal(plan({ ...view, claims: failed }, late).bySlot.get(one)?.reason, 'partition-half')
  const job = makeJob({ groups: [makeGroup({ count: 10 })], wishes: new Map([[one, { restart: 0, stopGeneration: 1 }]]) })
  assert.equal(plan({ ...view, jobs: new Map([[job.id, job]]) }, local).bySlot.get(one)?.reason, 'partition-half')
  const evicted = new Map(view.nodes).set(node('n01'), { ...(view.nodes.get(node('n01')) as NodeView), evicted: true })
  assert.equal(plan({ ...view, nodes: evicted }, local).bySlot.get(one)?.reason, 'partition-half')
  const drained = new Map(view.nodes).set(node('n01'), { ...(view.nodes.get(node('n01')) as NodeView), draining: true })
  assert.equal(plan({ ...view, nodes: drained }, local).bySlot.get(one)?.reason, 'partition-half')
})

test('alone, it takes a job that is run again after its copies elsewhere were stopped', () => {
  const { view, local } = pool(10, 1)
  const stopped = new Map(view.claims).set(slotOf(1), [makeClaim('n01', { slot: slotOf(1), state: 'stopped' })])
  assert.equal(plan({ ...view, claims: stopped }, local).bySlot.get(slotOf(1))?.candidate, 'n00')
})

test('alone, it still takes new jobs and restarts what failed on itself', () => {
  const { view, local } = pool(10, 1)
  const fresh = makeJob({ name: 'fresh' })
  const withJob = { ...view, jobs: new Map(view.jobs).set(fresh.id, fresh) }
  assert.equal(plan(withJob, local).bySlot.get(slotOf(0, 'web', 'fresh'))?.candidate, 'n00')
  const own = new Map(view.claims).set(slotOf(0), [makeClaim('n00', { state: 'failed' })])
  assert.equal(plan({ ...view, claims: own }, { ...local, failedSince: new Map([[slotOf(0), 0]]) }).bySlot.get(slotOf(0))?.candidate, 'n00')
})

test('a site of two survives the loss of one, at once and whole', () => {
  assert.equal(begun(pool(2, 1)), 1)
  const { view, local } = pool(2, 1)
  const job = makeJob({ groups: [makeGroup({ count: 8 })] })
  const claims = Array.from({ length: 8 }, (_, i) => makeClaim('n01', { slot: slotOf(i) }))
  const all = makeView({ nodes: [...view.nodes.values()], jobs: [job], claims })
  assert.equal(plan(all, local).slots.filter((slot) => slot.candidate === 'n00').length, 8)
})

test('half counts the nodes that could run the group, unheard ones included, evicted ones not', () => {
  assert.equal(begun(pool(10, 4)), 0)
  assert.ok(begun(pool(10, 5)) > 0)
  const { view, local } = pool(10, 4)
  const nodes = [...view.nodes.values()].map((one, i) => ({ ...one, labels: i < 6 ? { gpu: 'yes' } : {} }))
  const job = makeJob({ groups: [makeGroup({ count: 10, constraints: [{ attribute: '${label.gpu}', operator: 'is_set', value: '' }] })] })
  assert.ok(begun({ view: makeView({ nodes, jobs: [job], claims: [...view.claims.values()].flat() }), local }) > 0, '4 of 6 with the label')
  const ineligible = nodes.map((one, i) => (i > 7 ? { ...one, eligible: false } : one))
  assert.ok(
    begun({
      view: makeView({
        nodes: ineligible,
        jobs: [makeJob({ groups: [makeGroup({ count: 10 })] })],
        claims: [...view.claims.values()].flat(),
      }),
      local,
    }) > 0,
    '4 of 8',
  )
  const fewer = nodes.map((one, i) => (i > 7 ? { ...one, evicted: true } : one))
  assert.ok(
    begun({
      view: makeView({ nodes: fewer, jobs: [makeJob({ groups: [makeGroup({ count: 10 })] })], claims: [...view.claims.values()].flat() }),
      local,
    }) > 0,
    '4 of 8',
  )
})

test('a pool that boots at once does not deadlock, and a board that boots alone keeps its own', () => {
  const nodes = makeNodes(4, (i) => ({ liveness: i === 0 ? 'alive' : 'unheard' }))
  const claims = nodes.map((one, i) => makeClaim(one.name, { slot: slotOf(i), state: 'starting', startedAt: 1 }))
  const job = makeJob({ groups: [makeGroup({ count: 4 })] })
  const booted = makeView({ nodes, jobs: [job], claims })
  const local = makeLocal('n00', { silent: { n01: 0, n02: 0, n03: 0 } })
  assert.deepEqual(actions(booted, plan(booted, local), local), [{ kind: 'start', slot: slotOf(0) }])
  const heard = makeView({ nodes: makeNodes(4), jobs: [job] })
  assert.ok(plan(heard, makeLocal('n00')).slots.every((slot) => slot.candidate !== null))
})

test('many silent at once: at most a tenth of the slots a minute, highest priority first', () => {
  const { view, local } = pool(40, 24)
  const high = makeJob({ name: 'high', groups: [makeGroup()], spec: { priority: 90 } })
  const claims = [...[...view.claims.values()].flat(), makeClaim('n30', { slot: slotOf(0, 'web', 'high') })]
  const all = makeView({ nodes: [...view.nodes.values()], jobs: [...view.jobs.values(), high], claims })
  const made = plan(all, local)
  const started = made.slots.filter((slot) => slot.candidate !== null)
  assert.equal(started.length, 5, 'ceil(41 / 10)')
  assert.equal(started[0]?.job, 'default/high')
  assert.equal(made.replacements, 5)
  assert.equal(made.slots.filter((slot) => slot.reason === 'paced').length, 12)
  assert.equal(made.wakeAt, local.now + 5_000)
  const next = plan(all, { ...local, pending: made.pending, replacementsLastMinute: 5 })
  assert.deepEqual([next.replacements, next.slots.filter((slot) => slot.candidate !== null).length], [0, 5], 'those begun go on')
  const overdue = plan(all, { ...local, now: local.now + 10_000, pending: made.pending, replacementsLastMinute: 5 })
  assert.deepEqual([overdue.replacements, overdue.slots.filter((slot) => slot.candidate !== null).length], [0, 5], 'on other nodes too')
})

test('boards that fell silent one after another are not a mass event', () => {
  const { view, local } = pool(40, 24)
  const silentSince = new Map([...local.silentSince.keys()].map((id, i) => [id, i * 2 * minute]))
  assert.equal(begun({ view, local: { ...local, now: 100 * minute, silentSince } }), 16)
})

test('lost_after: who replaces later writes the mark, carries older ones, and a replacement made before adds it', () => {
  const disconnect = { ...disconnectDefaults, lostAfterMs: 10 * minute }
  const job = makeJob({ groups: [makeGroup({ disconnect })] })
  const nodes = makeNodes(4, (i) => (i === 0 ? { liveness: 'disconnected' } : {}))
  const marked = makeClaim('n03', { generation: 2, state: 'failed', lost: new Map([[node('n02'), 7]]) })
  const view = makeView({ nodes, jobs: [job], claims: [makeClaim('n00'), marked] })
  const local = makeLocal('n01', { silent: { n00: 10 * minute }, failedSince: new Map([[slotOf(0), 0]]) })
  const made = plan(view, local)
  const self = { ...local, self: made.slots[0]?.candidate ?? node('') }
  const lost = new Map([
    [node('n00'), 1],
    [node('n02'), 7],
  ])
  assert.deepEqual(actions(view, made, self), [
    { kind: 'claim', form: form('f1'), slot: slotOf(0), generation: 8, lost: new Map([...lost].reverse()) },
  ])
  const replaced = makeView({ nodes, jobs: [job], claims: [makeClaim('n00'), makeClaim('n01', { generation: 2 })] })
  assert.deepEqual(actions(replaced, plan(replaced, local), local), [{ kind: 'lost', slot: slotOf(0), lost: new Map([[node('n00'), 1]]) }])
  const early = { ...local, silentSince: new Map([[node('n00'), local.now - 5 * minute]]) }
  assert.deepEqual(actions(replaced, plan(replaced, early), early), [])
})

test('reschedule: the wait grows with the failures, then others are tried first; attempts end it', () => {
  const failed = (failures: number, policy: Partial<GroupSpec['reschedule']> = {}, since = 0): SlotPlan | undefined => {
    const nodes = makeNodes(3, (i) =>
      i === 0 ? { verdicts: new Map([[slotOf(0), [makeVerdict({ failures, generation: failures })]]]) } : {},
    )
    const group = makeGroup()
    const job = makeJob({ groups: [{ ...group, reschedule: { ...group.reschedule, ...policy } }] })
    const claim = makeClaim('n00', { state: 'failed', generation: failures })
    return plan(
      makeView({ nodes, jobs: [job], claims: [claim] }),
      makeLocal('n01', { failedSince: new Map([[slotOf(0), 1_000_000 - since]]) }),
    ).slots[0]
  }
  assert.equal(failed(1, {}, 29_999)?.reason, 'waiting-reschedule')
  assert.match(failed(1, {}, 30_000)?.candidate ?? '', /n01|n02/)
  assert.equal(failed(3, {}, 119_999)?.reason, 'waiting-reschedule')
  assert.notEqual(failed(3, {}, 120_000)?.candidate, null)
  const three = { unlimited: false, attempts: 3, intervalMs: 600_000, delayFunction: 'constant', delayMs: 5_000 } as const
  assert.notEqual(failed(3, three, 5_000)?.candidate, null)
  assert.equal(failed(4, three, 5_000)?.reason, 'reschedule-exhausted')
  assert.notEqual(failed(4, three, 600_000)?.candidate, null)
  assert.equal(failed(4, { ...three, attempts: 0 }, 6_000_000)?.reason, 'reschedule-exhausted')
  assert.equal(failed(4, { delayFunction: 'fibonacci' }, 89_999)?.reason, 'waiting-reschedule')
  assert.notEqual(failed(4, { delayFunction: 'fibonacci' }, 90_000)?.candidate, null)
})

test('a node where the slot failed comes after the others, though it would be the best', () => {
  const verdicts = new Map([[slotOf(0), [makeVerdict()]]])
  const nodes = makeNodes(3, (i) => (i === 0 ? { verdicts, weight: 20 } : {}))
  const view = makeView({ nodes, claims: [makeClaim('n00', { state: 'failed' })] })
  assert.notEqual(plan(view, makeLocal('n01', { failedSince: new Map([[slotOf(0), 0]]) })).slots[0]?.candidate, 'n00')
})

test('a claim at a job version that is not here yet fills the slot', () => {
  const view = makeView({ claims: [makeClaim('n02', { version: version(5) })] })
  const slot = plan(view, makeLocal('n00')).slots[0]
  assert.deepEqual([slot?.candidate, slot?.reason, slot?.standing.heir], [null, 'job-version-unknown', null])
})
