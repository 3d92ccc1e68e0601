// Exhaustive small models of one slot: every order in which two and three boards can act and hear of one another, with one
// fault at any moment. Never do all running copies stop, never does it oscillate, and it ends with exactly one copy.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { GroupSpec } from '../../../crdt/spec.ts'
import { actions } from '../../../scheduler/actions.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Action } from '../../../scheduler/types.ts'
import { type Fault, type Scenario, type Start, explore } from '../../support/slot-model.ts'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'

const faults: readonly Fault[] = ['none', 'task-fails', 'node-dies', 'cut']
const reconciles: readonly GroupSpec['disconnect']['reconcile'][] = ['best_score', 'keep_original', 'keep_replacement', 'longest_running']
const runs = (generation: number): Start => ({ state: 'running', generation })
const runsOld = (generation: number): Start => ({ state: 'running', generation, old: true })
const waits = (generation: number): Start => ({ state: 'claimed', generation })
const starts: readonly (Start | undefined)[] = [undefined, runs(1), runs(2), waits(2), runsOld(1)]

function checkAll(scenarios: readonly Scenario[]): number {
  let states = 0
  for (const scenario of scenarios) {
    const found = explore(scenario)
    states += found.states
    assert.deepEqual(found.broken, [], JSON.stringify(scenario))
  }
  return states
}

function withFaults(boards: Scenario['boards'], disconnect: GroupSpec['disconnect']): Scenario[] {
  return faults.flatMap((fault) =>
    (fault === 'none' ? [0] : boards.map((_, i) => i)).map((victim) => ({ boards, disconnect, fault, victim })),
  )
}

test('two boards, every pair of claims, every reconcile, one fault', () => {
  const scenarios: Scenario[] = []
  for (const reconcile of reconciles) {
    for (const weight of reconcile === 'best_score' ? [0, 10, -10] : [0]) {
      for (const a of starts) {
        for (const b of starts) {
          scenarios.push(...withFaults([{ claim: a }, { claim: b, weight }], { ...disconnectDefaults, reconcile }))
        }
      }
    }
  }
  assert.ok(checkAll(scenarios) > 10_000)
})

test('two boards, one of them draining', () => {
  const scenarios = starts.flatMap((a) =>
    starts.flatMap((b) => withFaults([{ claim: a, draining: true }, { claim: b }], disconnectDefaults)),
  )
  assert.ok(checkAll(scenarios) > 1_000)
})

const threes: readonly (readonly [readonly (Start | undefined)[], readonly number[]])[] = [
  [
    [runs(1), runs(2), undefined],
    [0, 0, 0],
  ],
  [
    [runs(1), runs(2), undefined],
    [0, 10, 5],
  ],
  [
    [runs(1), runs(2), runs(2)],
    [0, 0, 0],
  ],
  [
    [runs(1), waits(2), runs(3)],
    [0, 10, 5],
  ],
]

for (const [claims, weights] of threes) {
  const boards = claims.map((claim, i) => ({ claim, weight: weights[i] ?? 0 }))
  test(`three boards: ${JSON.stringify(claims.map((claim) => claim ?? null))}, weights ${weights.join(' ')}`, () => {
    const cases: readonly [Fault, number][] = [
      ['none', 0],
      ['task-fails', 0],
      ['task-fails', 1],
      ['node-dies', 0],
      ['node-dies', 1],
    ]
    checkAll(cases.map(([fault, victim]) => ({ boards, disconnect: disconnectDefaults, fault, victim })))
  })
}

test('three boards, one cut off: a side of one of three waits, `any` replaces; both end well', () => {
  const boards = [{ claim: runs(1) }, {}, {}]
  for (const partition of ['half', 'any'] as const) {
    checkAll([{ boards, disconnect: { ...disconnectDefaults, partition }, fault: 'cut', victim: 0 }])
  }
})

test('what stays after a cut is what the rule says', () => {
  const ends = (disconnect: Partial<GroupSpec['disconnect']>, weight: number): unknown =>
    explore({
      boards: [{ claim: runs(1) }, { claim: runs(2), weight }],
      disconnect: { ...disconnectDefaults, ...disconnect },
      fault: 'none',
    }).endings
  assert.deepEqual(ends({}, 0), [[0]], 'a tie leaves the original')
  assert.deepEqual(ends({}, 10), [[1]], 'the better rank keeps the replacement')
  assert.deepEqual(ends({ reconcile: 'keep_original' }, 10), [[0]])
  assert.deepEqual(ends({ reconcile: 'keep_replacement' }, 0), [[1]])
  assert.deepEqual(ends({ reconcile: 'longest_running' }, 10), [[0]])
})

test('the model finds a rule under which all copies stop', () => {
  // The refused rule: whoever sees a better claim stops, whether that one runs or names it or not.
  const decide: Scenario['decide'] = (view, local) => {
    const made = plan(view, local)
    const found: Action[] = [...actions(view, made, local)]
    for (const slot of made.slots) {
      const { heir, live } = slot.standing
      const own = live.find((claim) => claim.node === local.self)
      if (heir !== null && own?.state === 'running' && heir.node !== local.self)
        found.push({ kind: 'stop', slot: slot.slot, reason: 'planted' })
    }
    return found
  }
  const scenario: Scenario = {
    boards: [{ claim: runs(1) }, { claim: waits(2), weight: 10 }],
    disconnect: disconnectDefaults,
    fault: 'none',
    decide,
  }
  assert.match(explore(scenario).broken.join(), /all copies stopped/)
  assert.deepEqual(explore({ boards: scenario.boards, disconnect: disconnectDefaults, fault: 'none' }).broken, [])
})
