// Which runs of a periodic job there are, by what claims say and clocks show: tables over the rules of docs/adr/0027.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { civilText } from '../../../crdt/civil-time.ts'
import { periodicDefaults } from '../../../crdt/documents/defaults.ts'
import { runForm, runGroup } from '../../../crdt/run-name.ts'
import type { PeriodicSpec } from '../../../crdt/spec.ts'
import { civilTime } from '../../../crdt/time-zone.ts'
import type { Claim, JobView, NodeView, Runs, TimeFault, View } from '../../../crdt/view.ts'
import { type RunClock, isRunForgotten, withRuns } from '../../../scheduler/periodic.ts'
import { plan } from '../../../scheduler/plan.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeView, node, slotOf } from '../../support/view.ts'

const at = (text: string): number => Date.parse(`2026-11-${text}Z`) / 1000
const clock = (now: number | TimeFault, upSeconds = 0): RunClock => ({ civil: () => now, upSeconds })

function job(periodic: Partial<PeriodicSpec> = {}, count = 1): JobView {
  const times = { ...periodicDefaults, crons: ['0 3 * * *'], since: at('01T00:00:00'), ...periodic }
  return makeJob({ groups: [makeGroup({ count })], spec: { type: 'batch', periodic: times } })
}

const claim = (due: string, state: Claim['state'], index = 0, board = 'a'): Claim =>
  makeClaim(board, { slot: slotOf(index, runGroup('web', at(due))), state, form: runForm(at(due)) })

interface Story {
  readonly periodic?: Partial<PeriodicSpec>
  readonly claims?: readonly Claim[]
  readonly nodes?: readonly NodeView[]
}

const viewOf = ({ periodic = {}, claims = [], nodes = [makeNode('a'), makeNode('b')] }: Story): View =>
  makeView({ jobs: [job(periodic)], claims, nodes })

function runsAt(now: number | TimeFault, story: Story = {}): Runs {
  return [...withRuns(viewOf(story), clock(now), null).view.jobs.values()][0]!.runs!
}

/** `23T03:00:00` … */
const said = (due: number | null): string | null => (due === null ? null : civilText(due).slice('2026-11-'.length))

test('which run may begin', () => {
  const table: readonly (readonly [what: string, now: string, story: Story, open: string | null, held: string | null])[] = [
    ['it is due', '23T03:00:00', {}, '23T03:00:00', null],
    ['a second before: the last one, if nobody has begun it', '23T02:59:59', {}, '22T03:00:00', null],
    ['ordered after its time', '23T03:00:01', { periodic: { since: at('23T03:00:00') } }, null, null],
    ['of several patterns the newest', '23T04:00:00', { periodic: { crons: ['0 3 * * *', '30 3 * * *'] } }, '23T03:30:00', null],
    ['begun: it stays open', '23T10:00:00', { claims: [claim('23T03:00:00', 'complete')] }, '23T03:00:00', null],
    ['a later one has begun, by a clock that is ahead', '23T03:00:00', { claims: [claim('24T03:00:00', 'complete')] }, '24T03:00:00', null],
    ['disabled', '23T03:00:00', { periodic: { enabled: false } }, null, null],
    ['older than the horizon', '23T03:30:01', { periodic: { horizonMs: 1_800_000 } }, null, 'run-missed'],
    ['within the horizon', '23T03:30:00', { periodic: { horizonMs: 1_800_000 } }, '23T03:00:00', null],
    [
      'begun, and older than the horizon',
      '23T03:30:01',
      { periodic: { horizonMs: 1_800_000 }, claims: [claim('23T03:00:00', 'failed')] },
      null,
      null,
    ],
    ['none is made up for', '23T03:01:01', { periodic: { missed: 'skip' } }, null, 'run-missed'],
    ['a little late', '23T03:01:00', { periodic: { missed: 'skip' } }, '23T03:00:00', null],
    ['an operator’s order', '23T12:00:00', { periodic: { forced: at('23T11:59:59') } }, '23T11:59:59', null],
    ['an order is not late', '23T12:10:00', { periodic: { missed: 'skip', forced: at('23T12:00:00') } }, '23T12:00:00', null],
    ['an order while disabled', '23T12:00:00', { periodic: { enabled: false, forced: at('23T12:00:00') } }, '23T12:00:00', null],
    [
      'an order from before the times were changed',
      '23T12:00:00',
      { periodic: { forced: at('23T11:00:00'), since: at('23T11:30:00') } },
      null,
      null,
    ],
    [
      'an order by a clock that is ahead waits',
      '23T12:00:00',
      { periodic: { forced: at('23T12:00:30'), since: at('23T11:30:00') } },
      null,
      null,
    ],
  ]
  for (const [what, now, story, open, held] of table) {
    const runs = runsAt(at(now), story)
    assert.deepEqual([what, said(runs.open), runs.held?.reason ?? null], [what, open, held])
  }
})

test('overlap: a copy of an earlier run that is here holds the next one; what is done, silent or an operator’s order does not', () => {
  const prohibitOverlap = true
  const running = claim('22T03:00:00', 'running')
  const held = (story: Story): string | null => {
    const runs = runsAt(at('23T03:00:00'), { ...story, periodic: { prohibitOverlap, ...story.periodic } })
    return runs.open === at('22T03:00:00') || runs.open === null ? (runs.held?.reason ?? null) : null
  }
  assert.equal(held({ claims: [running] }), 'run-overlaps')
  assert.equal(held({ claims: [running], periodic: { prohibitOverlap: false } }), null)
  assert.equal(held({ claims: [claim('22T03:00:00', 'complete')] }), null)
  assert.equal(held({ claims: [running], nodes: [makeNode('a', { liveness: 'disconnected' }), makeNode('b')] }), null)
  assert.equal(held({ claims: [running], periodic: { forced: at('23T03:00:00') } }), null)
})

test('a clock that was years ahead does not stop the job; one that goes back runs nothing again', () => {
  const late = makeClaim('a', { slot: slotOf(0, runGroup('web', at('23T03:00:00') + 20 * 365 * 86_400)), state: 'complete' })
  assert.equal(said(runsAt(at('23T03:00:00'), { claims: [late] }).open), '23T03:00:00')
  const done = [claim('20T03:00:00', 'complete'), claim('23T03:00:00', 'complete')]
  assert.equal(said(runsAt(at('21T12:00:00'), { claims: done }).open), '23T03:00:00')
})

test('an hour that is left out, and one that comes twice: each time that clocks can show is one run', () => {
  const zone = 'Europe/Berlin'
  const opened = (utc: string, crons: readonly string[], claims: readonly Claim[] = []): string => {
    const now = civilTime(zone, Date.parse(`${utc}Z`))!
    const runs = runsAt(now, { periodic: { crons, since: 0, timeZone: zone }, claims })
    return civilText(runs.open!)
  }
  const begun = (text: string): Claim =>
    makeClaim('a', { slot: slotOf(0, runGroup('web', Date.parse(`${text}Z`) / 1000)), state: 'complete' })
  // 02:30 never comes on that day: it is due when the clock has passed it.
  assert.equal(opened('2026-03-29T00:59:59', ['30 2 * * *']), '2026-03-28T02:30:00')
  assert.equal(opened('2026-03-29T01:00:00', ['30 2 * * *']), '2026-03-29T02:30:00')
  // Twice 02:30, one run; and nothing of the second 02:00 to 02:59 is older than what has begun.
  assert.equal(opened('2026-10-25T00:30:00', ['30 2 * * *']), '2026-10-25T02:30:00')
  assert.equal(opened('2026-10-25T01:30:00', ['30 2 * * *'], [begun('2026-10-25T02:30:00')]), '2026-10-25T02:30:00')
  assert.equal(opened('2026-10-25T01:10:00', ['*/10 * * * *'], [begun('2026-10-25T02:50:00')]), '2026-10-25T02:50:00')
  assert.equal(opened('2026-10-25T02:00:00', ['*/10 * * * *'], [begun('2026-10-25T02:50:00')]), '2026-10-25T03:00:00')
})

test('shown are the open run, those that still run, and the newest; their groups are the job’s, at their own forms', () => {
  const claims = [claim('20T03:00:00', 'complete'), claim('21T03:00:00', 'running'), claim('22T03:00:00', 'complete')]
  const { view } = withRuns(viewOf({ claims }), clock(at('23T03:00:00')), null)
  const [shown] = [...view.jobs.values()]
  assert.deepEqual(shown!.runs!.shown.map(said), ['23T03:00:00', '21T03:00:00', '22T03:00:00'].sort().reverse())
  assert.deepEqual(
    shown!.spec!.groups.map(({ name }) => [name, shown!.forms.get(name)]),
    shown!.runs!.shown.map((due) => [runGroup('web', due), runForm(due)]),
  )
})

test('without the time: nothing begins and what runs goes on; or it is counted on from what the documents tell', () => {
  const claims = [claim('22T03:00:00', 'running')]
  const held = runsAt('no-trusted-time', { claims })
  assert.deepEqual([held.open, held.held, held.shown], [null, { due: null, reason: 'no-trusted-time' }, [at('22T03:00:00')]])
  const view = viewOf({ claims, periodic: { withoutTime: 'run' } })
  const first = withRuns(view, clock('no-trusted-time', 100), null)
  const open = (made: typeof first): string | null => said([...made.view.jobs.values()][0]!.runs!.open)
  assert.equal(open(first), '22T03:00:00')
  const half = withRuns(view, clock('no-trusted-time', 100 + 43_200), first.basis)
  const later = withRuns(view, clock('no-trusted-time', 100 + 86_399), half.basis)
  assert.equal(open(later), '22T03:00:00')
  assert.equal(open(withRuns(view, clock('no-trusted-time', 100 + 86_400), later.basis)), '23T03:00:00')
  assert.equal(runsAt('zone-unknown', { periodic: { withoutTime: 'run' } }).held?.reason, 'zone-unknown')
})

test('when time alone changes the answer', () => {
  const wake = (now: string, story: Story = {}): number | null => withRuns(viewOf(story), clock(at(now)), null).wakeInSeconds
  assert.equal(wake('23T02:59:00'), 60)
  assert.equal(wake('23T02:59:00', { periodic: { enabled: false } }), null)
  assert.equal(wake('23T02:59:00', { periodic: { forced: at('23T02:59:30') } }), 30)
  assert.equal(wake('23T03:00:00', { periodic: { horizonMs: 60_000 } }), 61)
})

test('of a run that is over no copy begins, whatever became of its board; the open one’s does', () => {
  const claims = [claim('22T03:00:00', 'failed'), claim('22T03:00:00', 'running', 1), claim('23T03:00:00', 'complete')]
  const two = makeView({ jobs: [job({}, 2)], claims, nodes: [makeNode('a'), makeNode('b')] })
  const { view } = withRuns(two, clock(at('23T10:00:00')), null)
  const { bySlot } = plan(view, makeLocal('a'))
  const reason = (due: string, index: number) => {
    const slot = bySlot.get(slotOf(index, runGroup('web', at(due))))
    return slot?.reason ?? (slot?.candidate === null ? null : 'placed')
  }
  assert.deepEqual([reason('22T03:00:00', 0), reason('22T03:00:00', 1)], ['run-over', null])
  assert.deepEqual([reason('23T03:00:00', 0), reason('23T03:00:00', 1)], [null, 'placed'])
  const drained = { ...view, nodes: new Map(view.nodes).set(node('a'), makeNode('a', { evicted: true })) }
  assert.equal(plan(drained, makeLocal('b')).bySlot.get(slotOf(1, runGroup('web', at('22T03:00:00'))))?.reason, 'run-over')
})

test('a periodic job that was not given its runs begins nothing', () => {
  const { slots } = plan(viewOf({}), makeLocal('a'))
  assert.deepEqual(
    slots.map(({ candidate, reason }) => [candidate, reason]),
    [[null, 'run-over']],
  )
})

test('remembered are the newest eight runs', () => {
  const claims = Array.from({ length: 12 }, (_, day) => claim(`${String(day + 10)}T03:00:00`, 'complete'))
  const { view, basis } = withRuns(viewOf({ claims }), clock(at('23T10:00:00')), null)
  assert.deepEqual(
    claims.map((one) => isRunForgotten(view, basis, one)),
    claims.map((_, index) => index < 4),
  )
  const plain = makeView({ jobs: [makeJob()], claims })
  assert.ok(isRunForgotten(plain, null, claims[11]!), 'the job has no times any more')
  const meanwhile = makeView({ jobs: [{ ...makeJob(), problems: ['periodic: found periodic in a parameterized job'] }], claims })
  assert.ok(
    !isRunForgotten(meanwhile, null, claims[11]!),
    'a merge does not validate, and a version without times is in force until it does',
  )
  assert.ok(!isRunForgotten(plain, null, makeClaim('a', { state: 'complete' })))
  assert.ok(!isRunForgotten(plain, null, { ...claims[11]!, form: form('f1') }), 'a group that is only named so')
})

test('a view without periodic jobs is the same object, and so is one in which nothing changed', () => {
  const plain = makeView()
  assert.equal(withRuns(plain, clock(at('23T03:00:00')), null).view, plain)
  const view = viewOf({ claims: [claim('22T03:00:00', 'running')] })
  const first = withRuns(view, clock(at('22T04:00:00')), null)
  const again = withRuns(view, clock(at('22T04:00:01')), first.basis)
  assert.equal(again.view, first.view)
  const other = withRuns({ ...view, nodes: new Map(view.nodes) }, clock(at('22T04:00:02')), again.basis)
  assert.equal(other.view.jobs, first.view.jobs)
})
