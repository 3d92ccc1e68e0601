// Canaries in the plan of one group: where they go, what leaves them alone, and when they are tried again.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { SlotId } from '../../../crdt/ids.ts'
import { actions } from '../../../scheduler/actions.ts'
import { canaryKey } from '../../../scheduler/canaries.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Plan } from '../../../scheduler/types.ts'
import { healthy, viewOf } from '../../support/ordered-job.ts'
import { form, makeClaim, makeLocal, slotOf, version } from '../../support/view.ts'

test('a canary goes to another board than the copy beside it, counts the generations of its slot, and leaves it alone', () => {
  const old = makeClaim('n00', { slot: slotOf(0), generation: 4 })
  const view = inForce({
    ...viewOf({
      orders: 'f2 word, f1 none',
      count: 1,
    }),
    claims: new Map([[slotOf(0), [old]]]),
  })
  const made = plan(view, makeLocal('n00'))
  const canary = made.slots.find((slot) => slot.canary === true)!
  assert.deepEqual([canary.nextGeneration, canary.form, canary.candidate !== null && canary.candidate !== 'n00'], [5, 'f2', true])
  const self = makeLocal(canary.candidate!)
  const claims = actions(view, plan(view, self), self).map(
    (action) => action.kind === 'claim' && [action.slot, action.form, action.generation],
  )
  assert.deepEqual(claims, [[slotOf(0), 'f2', 5]])
  const beside = makeClaim(canary.candidate!, { slot: slotOf(0), generation: 5, form: form('f2'), version: version(9) })
  const both = { ...view, claims: new Map([[slotOf(0), [{ ...old, version: version(9) }, beside]]]) }
  const older = { ...both, claims: new Map([[slotOf(0), [old, beside]]]) }
  assert.deepEqual(
    actions(older, plan(older, makeLocal('n00')), makeLocal('n00')).map(({ kind }) => kind),
    ['adopt-version'],
    'and it names no canary to be sent away',
  )
  for (const name of ['n00', canary.candidate!]) assert.deepEqual(actions(both, plan(both, makeLocal(name)), makeLocal(name)), [])
  assert.deepEqual(
    plan(both, makeLocal('n00')).slots.map(({ reason }) => reason),
    [null, 'waiting-promotion'],
  )
})

test('where only the board of the copy suits no canary finds a place', () => {
  const claims = new Map([[slotOf(0), [makeClaim('n00')]]])
  const view = {
    ...viewOf({
      orders: 'f2 word, f1 none',
      count: 1,
      nodes: (i) => ({ eligible: i === 0 }),
    }),
    claims,
  }
  const canary = plan(inForce(view), makeLocal('n00')).slots.find((slot) => slot.canary === true)!
  assert.deepEqual([canary.candidate, canary.reason], [null, 'no-node-feasible'])
})

test('distinct_hosts keeps canaries off the boards of all copies of their group', () => {
  const given = (boards: number) => {
    const view = viewOf({
      orders: 'f2 word, f1 none',
      count: 2,
      nodes: (i) => ({ eligible: i < boards }),
    })
    const [job] = view.jobs.values()
    const apart = [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] as const
    const versions = job!.versions!.map((one) => ({
      ...one,
      spec: { ...one.spec, groups: one.spec.groups.map((group) => ({ ...group, constraints: apart })) },
    }))
    const claims = new Map([0, 1].map((index) => [slotOf(index), [makeClaim(`n0${index}`, { slot: slotOf(index) })]]))
    const seen = inForce({ ...view, claims, jobs: new Map([[job!.id, { ...job!, versions }]]) })
    return plan(seen, makeLocal('n00')).slots.find((slot) => slot.canary === true)!.candidate
  }
  assert.deepEqual([given(3), given(2)], ['n02', null])
})

test('a canary that failed is tried again after its own delay, whatever becomes of the copy beside it', () => {
  const claims = new Map([
    [
      slotOf(0),
      [makeClaim('n00'), makeClaim('n01', { slot: slotOf(0), generation: 2, state: 'failed', form: form('f2'), version: version(9) })],
    ],
  ])
  const view = inForce({
    ...viewOf({
      orders: 'f2 word, f1 none',
      count: 1,
      said: [[0, 'f1', healthy]],
    }),
    claims,
  })
  const at = (key: SlotId, agoMs: number) => makeLocal('n00', { failedSince: new Map([[key, 1_000_000 - agoMs]]) })
  const reason = (made: Plan): unknown => made.slots.find((slot) => slot.canary === true)!.reason
  const waiting = plan(view, at(canaryKey(slotOf(0)), 1_000))
  assert.equal(reason(waiting), 'waiting-reschedule')
  assert.equal(reason(plan(view, at(slotOf(0), 100_000_000))), 'waiting-reschedule', 'of the slot')
  // Seen earlier than thought: the plan that starts from the other says so, too.
  assert.equal(reason(plan(view, at(canaryKey(slotOf(0)), 100_000_000), waiting)), null)
})
