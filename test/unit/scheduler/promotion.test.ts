// Which version is in force for a group, and which has canaries beside it: the meetings of docs/adr/0026 as a table.

import assert from 'node:assert/strict'
import test from 'node:test'
import { updateDefaults } from '../../../crdt/documents/defaults.ts'
import { promotionsOf } from '../../../crdt/documents/promotion.ts'
import type { SlotId } from '../../../crdt/ids.ts'
import type { UpdatePolicy } from '../../../crdt/spec.ts'
import type { JobView, NodeView, Verdict } from '../../../crdt/view.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { actions } from '../../../scheduler/actions.ts'
import { canaryKey } from '../../../scheduler/canaries.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Plan } from '../../../scheduler/types.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNodes, makeVerdict, makeView, slotOf, version } from '../../support/view.ts'

const word: UpdatePolicy = { ...updateDefaults, canary: 1 }
const auto: UpdatePolicy = { ...word, autoPromote: true }
const reverting: UpdatePolicy = { ...auto, autoRevert: true, progressDeadlineMs: 0 }
const none: UpdatePolicy = updateDefaults

/** [form, how its group is updated] of one order. */
type Order = readonly [form: string, update: UpdatePolicy]

interface Story {
  /** Newest first; forms may come again. */
  readonly orders: readonly Order[]
  readonly promoted?: readonly string[]
  /** [slot, form, verdict] by as many boards. */
  readonly said?: readonly (readonly [slot: number, form: string, verdict: Partial<Verdict>])[]
  readonly nodes?: (index: number) => Partial<NodeView>
  readonly count?: number
}

const healthy: Partial<Verdict> = { verdict: 'healthy', failures: 0, generation: 0 }
const failed: Partial<Verdict> = { verdict: 'failed', failures: 1 }

function viewOf({ orders, promoted = [], said = [], nodes = () => ({}), count = 3 }: Story) {
  const names = [...new Set(orders.map(([name]) => name))]
  const versions = names.map((name, at) => {
    const [, update] = orders.find(([one]) => one === name)!
    const { spec, forms } = makeJob({ groups: [makeGroup({ count, update })], form: form(name) })
    return { version: version(9 - at), spec: spec!, forms, orders: 1, leastCounts: new Map([['web', count]]) }
  })
  const ordering = orders.map(([name, update]) => ({
    version: names.indexOf(name),
    promotions: promotionsOf(makeJob({ groups: [makeGroup({ update })] }).spec!),
  }))
  const { spec, forms, version: at } = versions[0]!
  const words = promoted.length === 0 ? {} : { promoted: new Map([['web', promoted.map(form)]]) }
  const job: JobView = { ...makeJob(), spec, forms, version: at, versions, ordering, ...words }
  const boards = makeNodes(6, (i) => {
    const [slot, name, verdict] = said[i] ?? []
    const verdicts = slot === undefined ? new Map() : new Map([[slotOf(slot), [makeVerdict({ form: form(name!), ...verdict })]]])
    return { verdicts, ...nodes(i) }
  })
  return makeView({ nodes: boards, jobs: [job] })
}

/** `f1`, or with canaries `f1 + 2 f2`. */
function told(story: Story): string {
  const [job] = inForce(viewOf(story)).jobs.values()
  const canaries = job!.canaries?.get('web')
  return canaries === undefined ? job!.forms.get('web')! : `${job!.forms.get('web')} + ${canaries.count} ${canaries.form}`
}

const cases: readonly (readonly [what: string, answer: string, story: Story])[] = [
  ['the first version has nothing to run beside', 'f1', { orders: [['f1', word]] }],
  [
    'a new one waits',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', word],
        ['f1', none],
      ],
    },
  ],
  [
    'promoted by a word',
    'f2',
    {
      orders: [
        ['f2', word],
        ['f1', none],
      ],
      promoted: ['f2'],
    },
  ],
  [
    'a word about another version says nothing of it',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', word],
        ['f1', word],
      ],
      promoted: ['f1'],
    },
  ],
  [
    'two words of two sides: the newer version',
    'f3',
    {
      orders: [
        ['f3', word],
        ['f2', word],
        ['f1', none],
      ],
      promoted: ['f2', 'f3'],
    },
  ],
  [
    'newer than the one that was promoted meanwhile',
    'f2 + 1 f3',
    {
      orders: [
        ['f3', word],
        ['f2', word],
        ['f1', none],
      ],
      promoted: ['f2'],
    },
  ],
  [
    'newer than one that nobody promoted',
    'f1 + 1 f3',
    {
      orders: [
        ['f3', word],
        ['f2', word],
        ['f1', none],
      ],
    },
  ],
  [
    'gone back to what is in force',
    'f1',
    {
      orders: [
        ['f1', word],
        ['f2', word],
        ['f1', word],
      ],
    },
  ],
  [
    'gone back from what was promoted meanwhile',
    'f2 + 1 f1',
    {
      orders: [
        ['f1', word],
        ['f2', word],
        ['f1', word],
      ],
      promoted: ['f2'],
    },
  ],
  [
    'the same at once',
    'f1',
    {
      orders: [
        ['f1', none],
        ['f2', word],
        ['f1', word],
      ],
      promoted: ['f2'],
    },
  ],
  [
    'no more canaries than copies',
    'f1 + 2 f2',
    {
      orders: [
        ['f2', { ...word, canary: 9 }],
        ['f1', none],
      ],
      count: 2,
    },
  ],
  [
    'of no copies none',
    'f2',
    {
      orders: [
        ['f2', word],
        ['f1', none],
      ],
      count: 0,
    },
  ],
  [
    'auto: nobody has said anything',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', auto],
        ['f1', none],
      ],
    },
  ],
  [
    'auto: healthy',
    'f2',
    {
      orders: [
        ['f2', auto],
        ['f1', none],
      ],
      said: [[0, 'f2', healthy]],
    },
  ],
  [
    'healthy, without auto',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', word],
        ['f1', none],
      ],
      said: [[0, 'f2', healthy]],
    },
  ],
  [
    'auto: another form is healthy',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', auto],
        ['f1', none],
      ],
      said: [[0, 'f1', healthy]],
    },
  ],
  [
    'auto: it was healthy before it failed',
    'f2',
    {
      orders: [
        ['f2', auto],
        ['f1', none],
      ],
      said: [[0, 'f2', { ...failed, reason: 'was-healthy: exit 1' }]],
    },
  ],
  [
    'auto: one of two',
    'f1 + 2 f2',
    {
      orders: [
        ['f2', { ...auto, canary: 2 }],
        ['f1', none],
      ],
      said: [[0, 'f2', healthy]],
    },
  ],
  [
    'auto: each side one of two',
    'f2',
    {
      orders: [
        ['f2', { ...auto, canary: 2 }],
        ['f1', none],
      ],
      said: [
        [0, 'f2', healthy],
        [1, 'f2', healthy],
      ],
    },
  ],
  [
    'auto: twice in one slot',
    'f1 + 2 f2',
    {
      orders: [
        ['f2', { ...auto, canary: 2 }],
        ['f1', none],
      ],
      said: [
        [0, 'f2', healthy],
        [0, 'f2', healthy],
      ],
    },
  ],
  [
    'auto: said by a board that waits to be admitted',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', auto],
        ['f1', none],
      ],
      said: [[0, 'f2', healthy]],
      nodes: () => ({ admission: 'waiting-room' }),
    },
  ],
  [
    'auto_revert: failed',
    'f1',
    {
      orders: [
        ['f2', reverting],
        ['f1', none],
      ],
      said: [[0, 'f2', failed]],
    },
  ],
  [
    'auto_revert: failed, though it was promoted',
    'f1',
    {
      orders: [
        ['f2', reverting],
        ['f1', none],
      ],
      promoted: ['f2'],
      said: [[0, 'f2', failed]],
    },
  ],
  [
    'auto_revert: not to one that nobody promoted',
    'f1',
    {
      orders: [
        ['f3', reverting],
        ['f2', word],
        ['f1', none],
      ],
      said: [
        [0, 'f3', failed],
        [0, 'f2', healthy],
      ],
    },
  ],
  [
    'failed, without auto_revert',
    'f1 + 1 f2',
    {
      orders: [
        ['f2', auto],
        ['f1', none],
      ],
      said: [[0, 'f2', failed]],
    },
  ],
  [
    'beside what did not fail',
    'f1 + 1 f3',
    {
      orders: [
        ['f3', word],
        ['f2', { ...none, autoRevert: true, progressDeadlineMs: 0 }],
        ['f1', none],
      ],
      said: [[0, 'f2', failed]],
    },
  ],
]

for (const [what, answer, story] of cases) test(`${what}: ${answer}`, () => assert.equal(told(story), answer))

test('until then the copies are so many as the newest version says, of the version before', () => {
  const view = viewOf({
    orders: [
      ['f2', word],
      ['f1', none],
    ],
  })
  const [job] = view.jobs.values()
  const [newest, before] = job!.versions!
  const meta = (spec: NonNullable<JobView['spec']>, at: string) => ({
    ...spec,
    meta: { at },
    groups: spec.groups.map((group) => ({ ...group, count: at === 'new' ? 5 : 3 })),
  })
  const versions = [
    { ...newest!, spec: meta(newest!.spec, 'new') },
    { ...before!, spec: meta(before!.spec, 'old') },
  ]
  const [seen] = inForce({ ...view, jobs: new Map([[job!.id, { ...job!, versions }]]) }).jobs.values()
  const [group] = seen!.spec!.groups
  assert.deepEqual([group!.count, group!.meta, seen!.spec!.meta, seen!.version], [5, { at: 'old' }, {}, version(9)])
  assert.deepEqual(seen!.canaries!.get('web')!.spec.meta, { at: 'new' })
})

test('a group that waits does not keep the others of its job', () => {
  const [web, db] = [makeGroup({ name: 'web', update: word }), makeGroup({ name: 'db' })]
  const at = (name: string) => ({
    spec: makeJob({ groups: [db, web] }).spec!,
    forms: new Map([
      ['db', form(name)],
      ['web', form(name)],
    ]),
  })
  const versions = ['f2', 'f1'].map((name, i) => ({ ...at(name), version: version(9 - i), orders: 1, leastCounts: new Map() }))
  const ordering = versions.map(({ spec }, i) => ({ version: i, promotions: promotionsOf(spec) }))
  const job: JobView = { ...makeJob(), ...at('f2'), versions, ordering }
  const [seen] = inForce(makeView({ jobs: [job] })).jobs.values()
  assert.deepEqual(
    [...seen!.forms],
    [
      ['db', 'f2'],
      ['web', 'f1'],
    ],
  )
  assert.deepEqual([...seen!.canaries!.keys()], ['web'])
})

test('a canary goes to another board than the copy beside it, counts the generations of its slot, and leaves it alone', () => {
  const old = makeClaim('n00', { slot: slotOf(0), generation: 4 })
  const view = inForce({
    ...viewOf({
      orders: [
        ['f2', word],
        ['f1', none],
      ],
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
      orders: [
        ['f2', word],
        ['f1', none],
      ],
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
      orders: [
        ['f2', word],
        ['f1', none],
      ],
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
      orders: [
        ['f2', word],
        ['f1', none],
      ],
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
