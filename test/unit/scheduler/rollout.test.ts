import assert from 'node:assert/strict'
import test from 'node:test'
import type { Claim, NodeView } from '../../../crdt/view.ts'
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
  makeTask,
  makeVerdict,
  makeView,
  node,
  slotOf,
  version,
} from '../../support/view.ts'

interface Case {
  readonly claims: readonly Claim[]
  readonly maxParallel?: number
  readonly nodes?: readonly NodeView[]
  readonly local?: Partial<Local> & { readonly silent?: Readonly<Record<string, number>> }
  readonly cpuMhz?: number
  readonly paused?: true
}

const newForm = { form: form('f2'), version: version(2) }
const oldAt = (index: number, parts: Partial<Claim> = {}): Claim => makeClaim(`n0${index}`, { slot: slotOf(index), ...parts })
const newAt = (index: number, parts: Partial<Claim> = {}): Claim => oldAt(index, { ...newForm, ...parts })

function inputs({ claims, maxParallel = 1, nodes = makeNodes(6), local = {}, cpuMhz = 100, paused }: Case) {
  const group = makeGroup({
    count: 4,
    update: { maxParallel, minHealthyMs: 10_000, healthyDeadlineMs: 300_000 },
    tasks: [makeTask({ resources: { cpuMhz, memoryMib: 64 } })],
  })
  const job = { ...makeJob({ groups: [group], ...newForm }), ...(paused === undefined ? {} : { paused }) }
  return { view: makeView({ nodes, jobs: [job], claims }), local: makeLocal('n00', local) }
}

function slots(given: Case): readonly SlotPlan[] {
  const { view, local } = inputs(given)
  return plan(view, local).slots
}

const updating = (given: Case): number[] =>
  slots(given)
    .filter((slot) => slot.update)
    .map((slot) => slot.index)

test('out-of-date slots go by index, max_parallel at a time', () => {
  const claims = [0, 1, 2, 3].map((i) => oldAt(i))
  assert.deepEqual(updating({ claims }), [0])
  assert.deepEqual(updating({ claims, maxParallel: 3 }), [0, 1, 2])
  assert.deepEqual(
    slots({ claims }).map((slot) => slot.reason),
    [null, 'rollout-waits', 'rollout-waits', 'rollout-waits'],
  )
  const { view, local } = inputs({ claims })
  assert.deepEqual(actions(view, plan(view, local), local), [{ kind: 'update', slot: slotOf(0), form: form('f2') }])
})

test('the next goes when the one before is healthy', () => {
  assert.deepEqual(updating({ claims: [newAt(0, { healthy: false }), oldAt(1), oldAt(2), oldAt(3)] }), [])
  assert.deepEqual(updating({ claims: [newAt(0), oldAt(1), oldAt(2), oldAt(3)] }), [1])
  assert.deepEqual(updating({ claims: [oldAt(0), newAt(1, { healthy: false }), oldAt(2), oldAt(3)], maxParallel: 2 }), [0])
})

test('unknown slots neither count nor wait', () => {
  const nodes = makeNodes(6, (i) => (i === 0 ? { liveness: 'disconnected' } : {}))
  const claims = [0, 1, 2, 3].map((i) => oldAt(i))
  const unknown = slots({ claims, nodes, local: { silent: { n00: 60_000 } } })
  assert.deepEqual(
    unknown.filter((slot) => slot.update).map((slot) => slot.index),
    [1],
  )
  assert.deepEqual([unknown[0]?.form, unknown[0]?.candidate === null], ['f2', false], 'replaced at the new form')
})

test('an unknown slot whose replacement failed does not hold the others back; one at a newer version is left alone', () => {
  const nodes = makeNodes(6, (i) =>
    i === 0 ? { liveness: 'disconnected' } : i === 5 ? { verdicts: new Map([[slotOf(0), [makeVerdict({ form: form('f2') })]]]) } : {},
  )
  const claims = [0, 1, 2, 3].map((i) => oldAt(i))
  assert.deepEqual(updating({ claims, nodes, local: { silent: { n00: 60_000 } } }), [1])
  const ahead = makeClaim('n05', { slot: slotOf(0), generation: 2, version: version(9) })
  assert.deepEqual(updating({ claims: [...claims, ahead] }), [1])
})

test('a copy that moves counts as in flight, wherever its index is', () => {
  const moving = makeClaim('n05', { slot: slotOf(3), generation: 2, state: 'preparing', ...newForm })
  const claims = [...[0, 1, 2, 3].map((i) => oldAt(i)), moving]
  assert.deepEqual(updating({ claims }), [])
  assert.deepEqual(updating({ claims, maxParallel: 2 }), [0])
})

test('a slot whose holder is healthy at the form has arrived, though a claim of a higher generation failed at it', () => {
  const failed = makeClaim('n05', { slot: slotOf(0), generation: 2, state: 'failed', healthy: false, ...newForm })
  const claims = [newAt(0), ...[1, 2, 3].map((i) => oldAt(i)), failed]
  assert.deepEqual(updating({ claims }), [1])
  const unhealthy = [newAt(0, { healthy: false }), ...claims.slice(1)]
  assert.deepEqual(updating({ claims: unhealthy }), [])
})

test('a copy keeps its own static port when it is updated in place', () => {
  const group = makeGroup({ network: { mode: 'host', ports: [{ label: 'http', static: 80, to: null }] } })
  const view = makeView({ jobs: [makeJob({ groups: [group], ...newForm })], claims: [makeClaim('n00', { ports: { http: 80 } })] })
  assert.equal(plan(view, makeLocal('n00')).slots[0]?.update, true)
  const other = makeClaim('n00', { slot: slotOf(0, 'web', 'other'), ports: { http: 80 } })
  const taken = makeView({ jobs: [makeJob({ groups: [group], ...newForm })], claims: [makeClaim('n00', { ports: { http: 81 } }), other] })
  assert.equal(plan(taken, makeLocal('n00')).slots[0]?.update, false)
})

test('a form that failed once holds the others back, and is tried again where nobody has failed', () => {
  const nodes = makeNodes(6, (i) => (i === 0 ? { verdicts: new Map([[slotOf(0), [makeVerdict({ form: form('f2') })]]]) } : {}))
  const claims = [0, 1, 2, 3].map((i) => oldAt(i))
  const soon = slots({ claims, nodes, local: { failedSince: new Map([[slotOf(0), 1_000_000]]) } })
  assert.deepEqual(
    soon.map((slot) => slot.reason),
    ['waiting-reschedule', 'rollout-waits', 'rollout-waits', 'rollout-waits'],
  )
  const later = slots({ claims, nodes, local: { failedSince: new Map([[slotOf(0), 0]]) } })
  assert.deepEqual(
    later.map((slot) => slot.update),
    [false, false, false, false],
  )
  assert.notEqual(later[0]?.candidate, null)
  assert.notEqual(later[0]?.candidate, 'n00')
})

test('a new version whose image cannot be had never stops the copy that runs', () => {
  // Every board has tried the new form and failed; time passes; only n00's own copy is looked at.
  const verdicts = (): NodeView['verdicts'] =>
    new Map([0, 1, 2, 3].map((i) => [slotOf(i), [makeVerdict({ form: form('f2'), failures: 3, generation: 9 })]]))
  const nodes = makeNodes(6, () => ({ verdicts: verdicts() }))
  const failed = [1, 2, 3, 4, 5].map((i) => makeClaim(`n0${i}`, { slot: slotOf(0), generation: i + 1, state: 'failed', ...newForm }))
  const given = { claims: [oldAt(0), ...failed], nodes, local: { failedSince: new Map([[slotOf(0), -10_000_000]]) } }
  const { view, local } = inputs(given)
  const made = plan(view, local)
  assert.deepEqual([made.slots[0]?.standing.holder?.node, made.slots[0]?.standing.holder?.state], ['n00', 'running'])
  assert.ok(actions(view, made, local).every((action) => action.kind !== 'stop' && action.kind !== 'withdraw'))
  const trying = makeClaim('n01', { slot: slotOf(0), generation: 10, state: 'preparing', over: new Map([[node('n00'), 1]]), ...newForm })
  const tried = inputs({ ...given, claims: [oldAt(0), trying] })
  assert.deepEqual(
    actions(tried.view, plan(tried.view, tried.local), tried.local)
      .map((action) => action.kind)
      .filter((kind) => kind === 'stop'),
    [],
  )
})

test('the only board tries again in place when nobody else can', () => {
  const nodes = makeNodes(1, () => ({ verdicts: new Map([[slotOf(0), [makeVerdict({ form: form('f2') })]]]) }))
  const claims = [oldAt(0)]
  assert.deepEqual(updating({ claims, nodes, local: { failedSince: new Map([[slotOf(0), 0]]) } }), [0])
})

test('what failed in place waits for its next try, though a newer claim at the form stands at a board that is silent or has given way', () => {
  const nodes = [
    ...makeNodes(1, () => ({ verdicts: new Map([[slotOf(0), [makeVerdict({ form: form('f2') })]]]) })),
    ...makeNodes(2, () => ({ liveness: 'disconnected' as const })).slice(1),
  ]
  for (const state of ['running', 'withdrawn'] as const) {
    const newer = makeClaim('n01', { slot: slotOf(0), generation: 2, state, ...newForm })
    const [soon] = slots({
      claims: [oldAt(0), newer],
      nodes,
      local: { failedSince: new Map([[slotOf(0), 1_000_000]]), silent: { n01: 90_000 } },
    })
    assert.deepEqual([soon?.update, soon?.reason], [false, 'waiting-reschedule'], state)
    const [later] = slots({ claims: [oldAt(0), newer], nodes, local: { failedSince: new Map([[slotOf(0), 0]]), silent: { n01: 90_000 } } })
    assert.deepEqual([later?.update, later?.reason], [true, null], state)
  }
})

test('what does not fit in place moves: a second claim elsewhere, and it counts as in flight', () => {
  const full = makeClaim('n00', { slot: slotOf(0, 'web', 'other'), resources: { cpuMhz: 3_900, memoryMib: 0, diskMib: 0 } })
  const own = oldAt(0, { resources: { cpuMhz: 100, memoryMib: 64, diskMib: 300 } })
  const moved = slots({ claims: [own, full, oldAt(1), oldAt(2), oldAt(3)], cpuMhz: 200 })
  assert.deepEqual([moved[0]?.update, moved[0]?.candidate === null || moved[0]?.candidate === 'n00'], [false, false])
  const second = makeClaim('n05', { slot: slotOf(0), generation: 2, state: 'preparing', ...newForm })
  const flying = slots({ claims: [own, full, second, oldAt(1), oldAt(2), oldAt(3)], cpuMhz: 200 })
  assert.deepEqual(
    flying.map((slot) => [slot.update, slot.candidate]),
    [0, 1, 2, 3].map(() => [false, null]),
  )
})

test('growth in place is reserved before anything new is placed', () => {
  const own = { resources: { cpuMhz: 1_000, memoryMib: 64, diskMib: 300 } }
  const nodes = makeNodes(1)
  const claims = [0, 1].map((i) => makeClaim('n00', { slot: slotOf(i), ...own }))
  const made = slots({ claims, nodes, maxParallel: 4, cpuMhz: 2_500 })
  assert.deepEqual(
    made.map((slot) => slot.update),
    [true, false, false, false],
  )
  assert.deepEqual(
    made.map((slot) => slot.candidate),
    [null, null, null, null],
  )
})

test('what never started changes at once: nothing is lost by it', () => {
  const stuck = [0, 1, 2, 3].map((i) => oldAt(i, { state: 'preparing', startedAt: 0 }))
  assert.deepEqual(updating({ claims: stuck }), [0, 1, 2, 3])
  const rebooted = [0, 1, 2, 3].map((i) => oldAt(i, { state: 'starting', startedAt: 5 }))
  assert.deepEqual(updating({ claims: rebooted }), [0], 'but not a pool that just boots')
})

test('a vacant slot is placed at the new form directly', () => {
  const made = slots({ claims: [oldAt(0), oldAt(1), oldAt(2)] })
  assert.deepEqual([made[3]?.form, made[3]?.candidate === null], ['f2', false])
})

test('of a paused job nothing that runs moves, whatever was begun or failed; what is vacant or never started takes the form in force', () => {
  const paused = true
  const told = (given: Case): (string | null)[] => slots({ ...given, paused }).map(({ update, reason }) => (update ? 'update' : reason))
  const claims = [0, 1, 2, 3].map((i) => oldAt(i))
  const waits = Array.from({ length: 4 }, () => 'rollout-paused')
  assert.deepEqual(told({ claims, maxParallel: 4 }), waits)
  assert.deepEqual(told({ claims, maxParallel: 0 }), waits)
  const nodes = makeNodes(6, (i) => (i === 0 ? { verdicts: new Map([[slotOf(0), [makeVerdict({ form: form('f2') })]]]) } : {}))
  assert.deepEqual(told({ claims, nodes, local: { failedSince: new Map([[slotOf(0), 0]]) } }), waits)
  assert.deepEqual(told({ claims: [oldAt(0, { state: 'preparing', startedAt: 0 }), ...claims.slice(1)] }), ['update', ...waits.slice(1)])
  const [vacant] = slots({ claims: claims.slice(1), paused })
  assert.deepEqual([vacant?.form, vacant?.candidate === null], ['f2', false])
  // A second claim that is on its way starts and takes over: it is the heir.
  const second = makeClaim('n00', { slot: slotOf(1), generation: 2, state: 'claimed', startedAt: 0, ...newForm })
  const { view, local } = inputs({ claims: [...claims.slice(1), second], paused })
  assert.deepEqual(
    actions(view, plan(view, local), local)
      .filter(({ slot }) => slot === slotOf(1))
      .map(({ kind }) => kind),
    ['start'],
  )
})
