// Which version is in force for a group, and which has canaries beside it: the meetings of docs/adr/0026 as a table.

import assert from 'node:assert/strict'
import test from 'node:test'
import { promotionsOf } from '../../../crdt/documents/promotion.ts'
import type { JobView } from '../../../crdt/view.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { type Story, failed, healthy, viewOf } from '../../support/ordered-job.ts'
import { form, makeGroup, makeJob, makeView, version } from '../../support/view.ts'

/** `f1`, or with canaries `f1 + 2 f2`. */
function told(story: Story): string {
  const [job] = inForce(viewOf(story)).jobs.values()
  const canaries = job!.canaries?.get('web')
  return canaries === undefined ? job!.forms.get('web')! : `${job!.forms.get('web')} + ${canaries.count} ${canaries.form}`
}

const cases: readonly (readonly [what: string, answer: string, story: Story])[] = [
  ['the first version has nothing to run beside', 'f1', { orders: 'f1 word' }],
  [
    'a new one waits',
    'f1 + 1 f2',
    {
      orders: 'f2 word, f1 none',
    },
  ],
  [
    'promoted by a word',
    'f2',
    {
      orders: 'f2 word, f1 none',
      promoted: ['f2'],
    },
  ],
  [
    'a word about another version says nothing of it',
    'f1 + 1 f2',
    {
      orders: 'f2 word, f1 word',
      promoted: ['f1'],
    },
  ],
  [
    'two words of two sides: the newer version',
    'f3',
    {
      orders: 'f3 word, f2 word, f1 none',
      promoted: ['f2', 'f3'],
    },
  ],
  [
    'newer than the one that was promoted meanwhile',
    'f2 + 1 f3',
    {
      orders: 'f3 word, f2 word, f1 none',
      promoted: ['f2'],
    },
  ],
  [
    'newer than one that nobody promoted',
    'f1 + 1 f3',
    {
      orders: 'f3 word, f2 word, f1 none',
    },
  ],
  [
    'gone back to what is in force',
    'f1',
    {
      orders: 'f1 word, f2 word, f1 word',
    },
  ],
  [
    'gone back from what was promoted meanwhile',
    'f2 + 1 f1',
    {
      orders: 'f1 word, f2 word, f1 word',
      promoted: ['f2'],
    },
  ],
  [
    'the same at once',
    'f1',
    {
      orders: 'f1 none, f2 word, f1 word',
      promoted: ['f2'],
    },
  ],
  [
    'no more canaries than copies',
    'f1 + 2 f2',
    {
      orders: 'f2 nine, f1 none',
      count: 2,
    },
  ],
  [
    'of no copies none',
    'f2',
    {
      orders: 'f2 word, f1 none',
      count: 0,
    },
  ],
  [
    'auto: nobody has said anything',
    'f1 + 1 f2',
    {
      orders: 'f2 auto, f1 none',
    },
  ],
  [
    'auto: healthy',
    'f2',
    {
      orders: 'f2 auto, f1 none',
      said: [[0, 'f2', healthy]],
    },
  ],
  [
    'healthy, without auto',
    'f1 + 1 f2',
    {
      orders: 'f2 word, f1 none',
      said: [[0, 'f2', healthy]],
    },
  ],
  [
    'auto: another form is healthy',
    'f1 + 1 f2',
    {
      orders: 'f2 auto, f1 none',
      said: [[0, 'f1', healthy]],
    },
  ],
  [
    'auto: it was healthy before it failed',
    'f2',
    {
      orders: 'f2 auto, f1 none',
      said: [[0, 'f2', { ...failed, reason: 'was-healthy: exit 1' }]],
    },
  ],
  [
    'auto: one of two',
    'f1 + 2 f2',
    {
      orders: 'f2 two, f1 none',
      said: [[0, 'f2', healthy]],
    },
  ],
  [
    'auto: each side one of two',
    'f2',
    {
      orders: 'f2 two, f1 none',
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
      orders: 'f2 two, f1 none',
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
      orders: 'f2 auto, f1 none',
      said: [[0, 'f2', healthy]],
      nodes: () => ({ admission: 'waiting-room' }),
    },
  ],
  [
    'auto_revert: failed',
    'f1',
    {
      orders: 'f2 reverting, f1 none',
      said: [[0, 'f2', failed]],
    },
  ],
  [
    'auto_revert: failed, though it was promoted',
    'f1',
    {
      orders: 'f2 reverting, f1 none',
      promoted: ['f2'],
      said: [[0, 'f2', failed]],
    },
  ],
  [
    'auto_revert: not to one that nobody promoted',
    'f1',
    {
      orders: 'f3 reverting, f2 word, f1 none',
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
      orders: 'f2 auto, f1 none',
      said: [[0, 'f2', failed]],
    },
  ],
  [
    'beside what did not fail',
    'f1 + 1 f3',
    {
      orders: 'f3 word, f2 wary, f1 none',
      said: [[0, 'f2', failed]],
    },
  ],
]

for (const [what, answer, story] of cases) test(`${what}: ${answer}`, () => assert.equal(told(story), answer))

test('until then the copies are so many as the newest version says, of the version before', () => {
  const view = viewOf({
    orders: 'f2 word, f1 none',
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
  const [web, db] = [makeGroup({ name: 'web', update: { ...makeGroup().update, canary: 1 } }), makeGroup({ name: 'db' })]
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

test('however many versions there were, the boards are looked through as often as for one', () => {
  const looks = (orders: string): number => {
    const view = viewOf({ orders })
    let count = 0
    const nodes = new Map(view.nodes)
    nodes.values = function (): ReturnType<typeof nodes.values> {
      count++
      return Map.prototype.values.call(this)
    }
    inForce({ ...view, nodes })
    return count
  }
  const names = Array.from({ length: 20 }, (_, at) => `f${20 - at} auto`)
  assert.equal(looks(`${names.join(', ')}, f0 none`), looks('f1 auto, f0 none'))
})
