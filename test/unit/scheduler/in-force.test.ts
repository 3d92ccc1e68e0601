// Which version is in force, for what boards say of its forms: the meetings of docs/adr/0020.

import assert from 'node:assert/strict'
import test from 'node:test'
import { updateDefaults } from '../../../crdt/documents/defaults.ts'
import type { GroupSpec } from '../../../crdt/spec.ts'
import type { JobView, NodeView, SpecVersion, Verdict } from '../../../crdt/view.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { triesOf } from '../../../scheduler/reschedule.ts'
import { form, makeGroup, makeJob, makeNodes, makeVerdict, makeView, slotOf, version } from '../../support/view.ts'

/** Given up after one failure. */
const reverting: GroupSpec['update'] = { ...updateDefaults, progressDeadlineMs: 0, autoRevert: true }

interface Story {
  /** What each board says: [board, slot, form, verdict]. */
  readonly said?: readonly (readonly [board: number, slot: number, form: string, verdict: Partial<Verdict>])[]
  readonly count?: number
  /** Of each version, as it was first ordered. */
  readonly leastCount?: number
  readonly update?: GroupSpec['update']
  /** Newest first; a version of another `update` as [form, update]. */
  readonly versions?: readonly (string | readonly [string, GroupSpec['update']])[]
  readonly orders?: number
  readonly nodes?: (index: number) => Partial<NodeView>
}

const failed: Partial<Verdict> = { verdict: 'failed', failures: 1 }
const healthy: Partial<Verdict> = { verdict: 'healthy', failures: 0, generation: 0 }
const later: Partial<Verdict> = { verdict: 'failed', failures: 9, reason: 'was-healthy: exit 1' }

function viewOf({
  said = [],
  count = 4,
  leastCount = count,
  update = reverting,
  versions = ['f2', 'f1'],
  orders = 1,
  nodes = () => ({}),
}: Story) {
  const all = versions.map((one, at): SpecVersion => {
    const [name, policy] = typeof one === 'string' ? [one, update] : one
    const { spec, forms } = makeJob({ groups: [makeGroup({ count, update: policy })], form: form(name) })
    const leastCounts = new Map([['web', leastCount]])
    return { version: version(9 - at), spec: spec!, forms, orders: at === 0 ? orders : 1, leastCounts }
  })
  const [newest] = all as [SpecVersion, ...SpecVersion[]]
  const job: JobView = { ...makeJob(), ...newest, versions: all }
  const boards = makeNodes(6, (i) => {
    const verdicts = new Map<ReturnType<typeof slotOf>, Verdict[]>()
    for (const [board, slot, name, verdict] of said)
      if (board === i) verdicts.set(slotOf(slot), [...(verdicts.get(slotOf(slot)) ?? []), makeVerdict({ form: form(name), ...verdict })])
    return { verdicts, ...nodes(i) }
  })
  return makeView({ nodes: boards, jobs: [job] })
}

/** The form in force. */
function told(story: Story): string | undefined {
  const [job] = inForce(viewOf(story)).jobs.values()
  return job?.forms.get('web')
}

test('the newest version is in force until a slot has given it up', () => {
  assert.equal(told({}), 'f2')
  assert.equal(told({ said: [[0, 0, 'f2', healthy]] }), 'f2')
  assert.equal(told({ said: [[0, 0, 'f2', failed]] }), 'f1')
  assert.equal(told({ said: [[0, 0, 'f1', failed]] }), 'f2', 'of another form')
  assert.equal(told({ said: [[0, 7, 'f2', failed]] }), 'f2', 'of a slot that is not wanted')
  assert.equal(told({ said: [[0, 0, 'f2', failed]], update: updateDefaults }), 'f2', 'without auto_revert')
})

test('what goes back is the whole specification, under the newest version', () => {
  const view = viewOf({ said: [[0, 0, 'f2', failed]] })
  const [job] = inForce(view).jobs.values()
  const [before] = view.jobs.values()
  assert.deepEqual([job?.version, job?.wentBackTo, job?.spec], [version(9), version(8), before?.versions?.[1]?.spec])
})

test('both sides of a cut went back: one version stays in force', () => {
  assert.equal(
    told({
      said: [
        [0, 0, 'f2', failed],
        [3, 0, 'f2', failed],
      ],
    }),
    'f1',
  )
  assert.equal(
    told({
      said: [
        [0, 0, 'f2', failed],
        [3, 2, 'f2', failed],
      ],
    }),
    'f1',
  )
})

test('one side went back and the other found it healthy: it is tried once more where it failed, and then the answer stands', () => {
  const there = [[3, 1, 'f2', healthy]] as const
  assert.equal(told({ said: [[0, 0, 'f2', failed], ...there] }), 'f2')
  assert.equal(told({ said: [[0, 0, 'f2', { ...failed, failures: 2 }], ...there] }), 'f1')
  assert.equal(told({ said: [[0, 0, 'f2', failed], [1, 0, 'f2', failed], ...there] }), 'f1', 'counted over all boards')
  assert.equal(
    told({
      said: [
        [0, 0, 'f2', { ...failed, failures: 9 }],
        [3, 0, 'f2', healthy],
      ],
    }),
    'f2',
    'healthy in the very slot',
  )
})

test('what was healthy in more than half of the slots is not taken back', () => {
  const up = (slots: readonly number[], verdict = healthy) => slots.map((slot) => [slot, slot, 'f2', verdict] as const)
  const often = [5, 3, 'f2', { ...failed, failures: 9 }] as const
  assert.equal(told({ said: [often, ...up([0, 1])] }), 'f1')
  assert.equal(told({ said: [often, ...up([0, 1, 2])] }), 'f2')
  assert.equal(told({ said: up([0, 1, 2, 3], later) }), 'f2', 'failures after health are no roll-out’s')
})

test('a newer version that was written meanwhile is in force, and the failed one is none to go back to', () => {
  const said = [[0, 0, 'f2', failed]] as const
  assert.equal(told({ said, versions: ['f3', 'f2', 'f1'] }), 'f3')
  assert.equal(told({ said: [...said, [1, 0, 'f3', failed]], versions: ['f3', 'f2', 'f1'] }), 'f1')
})

test('the oldest version, or all of them failed: the newest is tried on', () => {
  assert.equal(told({ said: [[0, 0, 'f2', failed]], versions: ['f2'] }), 'f2')
  assert.equal(
    told({
      said: [
        [0, 0, 'f2', failed],
        [1, 0, 'f1', failed],
      ],
    }),
    'f2',
  )
})

test('only a newest version that says so itself is left; one that failed is none to go back to, whatever it says', () => {
  const quiet = { ...updateDefaults }
  const said = (...forms: readonly string[]) => forms.map((name, at) => [at, 0, name, { ...failed, failures: 9 }] as const)
  assert.equal(told({ said: said('f2'), versions: [['f2', quiet], 'f1'] }), 'f2')
  assert.equal(told({ said: said('f2', 'f1'), versions: ['f2', ['f1', quiet]] }), 'f2', 'nothing is left: tried on')
  assert.equal(told({ said: said('f3', 'f2'), versions: ['f3', ['f2', quiet], ['f1', quiet]] }), 'f1')
})

test('a version that was healthy somewhere is gone back to before a newer one that nobody has tried', () => {
  const said = [[0, 0, 'f3', failed]] as const
  const versions = ['f3', 'f2', 'f1']
  assert.equal(told({ said, versions }), 'f2')
  assert.equal(told({ said: [...said, [1, 0, 'f1', healthy]], versions }), 'f1')
  assert.equal(told({ said: [...said, [1, 0, 'f1', healthy], [2, 0, 'f2', healthy]], versions }), 'f2')
})

test('what was healthy at a lower count is not taken back because a higher one fails', () => {
  const added = [[3, 2, 'f2', { ...failed, failures: 99 }]] as const
  assert.equal(told({ said: added, count: 3, leastCount: 1 }), 'f2')
  assert.equal(told({ said: [[0, 0, 'f2', healthy], ...added], count: 3, leastCount: 1 }), 'f2')
  assert.equal(told({ said: [[0, 0, 'f2', failed], ...added], count: 3, leastCount: 1 }), 'f1')
  assert.equal(told({ said: [[0, 0, 'f2', healthy], ...added], count: 3 }), 'f1')
})

test('a failure that was forgotten, or that an evicted board told of, counts no more; another order is another try', () => {
  assert.equal(told({ said: [[0, 0, 'f2', { ...healthy, failures: 0 }]] }), 'f2')
  const said = [[0, 0, 'f2', failed]] as const
  assert.equal(told({ said, nodes: (i) => (i === 0 ? { evicted: true } : {}) }), 'f2')
  assert.equal(told({ said, nodes: (i) => (i === 0 ? { admission: 'waiting-room' } : {}) }), 'f2', 'a stranger takes nothing back')
  assert.equal(told({ said, nodes: (i) => (i === 0 ? { liveness: 'disconnected' } : {}) }), 'f1', 'a silent one has said what it said')
  assert.equal(told({ said, orders: 2 }), 'f2')
  assert.equal(told({ said: [[0, 0, 'f2', { ...failed, failures: 2 }]], orders: 2 }), 'f1')
})

test('progress_deadline says how many tries a slot has: as many as begin within it', () => {
  const base = makeGroup()
  const tries = (update: Partial<GroupSpec['update']>, reschedule: Partial<GroupSpec['reschedule']> = {}): number =>
    triesOf({ update: { ...base.update, ...update }, reschedule: { ...base.reschedule, ...reschedule } })
  assert.equal(tries({}), 5, '30 s, 1, 2 and 4 minutes fit into ten, the next delay does not')
  assert.equal(tries({ progressDeadlineMs: 0 }), 1)
  assert.equal(tries({ progressDeadlineMs: 30_000 }), 2)
  assert.equal(tries({}, { unlimited: false, attempts: 0 }), 1)
  assert.equal(tries({}, { unlimited: false, attempts: 2, intervalMs: 60_000 }), 3)
  assert.equal(tries({ progressDeadlineMs: 86_400_000 }, { delayFunction: 'constant', delayMs: 5_000 }), 100)
})

test('the same view gives the same objects, and a job that does not go back is left as it is', () => {
  const quiet = viewOf({})
  assert.equal(inForce(quiet), quiet)
  const view = viewOf({ said: [[0, 0, 'f2', failed]] })
  assert.equal(inForce(view), inForce(view))
  const [one] = inForce(view).jobs.values()
  const [other] = inForce({ ...view }).jobs.values()
  assert.equal(one, other)
})
