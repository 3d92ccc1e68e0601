// Laws of the runs of periodic jobs: they follow from what is known and not from how it came to be known; they only move on; and what
// is done is done.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { periodicDefaults } from '../../../crdt/documents/defaults.ts'
import { runForm, runGroup, runOf } from '../../../crdt/run-name.ts'
import { slotParts } from '../../../crdt/ids.ts'
import { type Claim, claimStates } from '../../../crdt/view.ts'
import { type RunBasis, type RunClock, withRuns } from '../../../scheduler/periodic.ts'
import { plan } from '../../../scheduler/plan.ts'
import { makeClaim, makeGroup, makeJob, makeLocal, makeNodes, makeView, shuffled, slotOf } from '../../support/view.ts'
import { random } from '../../support/view.ts'

const epoch = 1_795_000_000 - (1_795_000_000 % 60)
const nodes = makeNodes(3)
const clockAt = (now: number): RunClock => ({ civil: () => now, upSeconds: 0 })
const job = makeJob({
  groups: [makeGroup({ count: 2 })],
  spec: { type: 'batch', periodic: { ...periodicDefaults, crons: ['* * * * *'], horizonMs: 600_000 } },
})

/** Claims of some runs of the last and the next minutes. */
const claimsArbitrary = fc
  .uniqueArray(
    fc.record({ minute: fc.integer({ min: -12, max: 3 }), index: fc.nat(1), board: fc.nat(2), state: fc.constantFrom(...claimStates) }),
    { selector: ({ minute, index, board }) => `${minute} ${index} ${board}`, maxLength: 20 },
  )
  .map((all) =>
    all.map(({ minute, index, board, state }): Claim => {
      const due = epoch + minute * 60
      return makeClaim(nodes[board]!.name, { slot: slotOf(index, runGroup('web', due)), form: runForm(due), state })
    }),
  )
const viewOf = (claims: readonly Claim[]) => makeView({ jobs: [job], nodes, claims })

test('the order in which claims came, and a basis from before, change nothing', () => {
  fc.assert(
    fc.property(claimsArbitrary, claimsArbitrary, fc.array(fc.nat(900), { maxLength: 4 }), fc.nat(), (claims, others, times, seed) => {
      let basis: RunBasis | null = null
      for (const [at, seconds] of times.entries()) {
        const some = shuffled(at % 2 === 0 ? claims : others, random(seed + at)).slice(0, 4 + at * 4)
        basis = withRuns(viewOf(some), clockAt(epoch + seconds - 450), basis).basis
      }
      const anew = withRuns(viewOf(claims), clockAt(epoch), null)
      const again = withRuns(viewOf(shuffled(claims, random(seed))), clockAt(epoch), basis)
      assert.deepEqual(again.view.jobs, anew.view.jobs)
      assert.equal(again.wakeInSeconds, anew.wakeInSeconds)
    }),
    { numRuns: 500 },
  )
})

test('whatever is known and whatever clocks show: nothing that is complete is begun again, and nothing older than what has begun', () => {
  fc.assert(
    fc.property(claimsArbitrary, fc.integer({ min: -900, max: 900 }), (claims, seconds) => {
      const { view } = withRuns(viewOf(claims), clockAt(epoch + seconds), null)
      const done = new Set(claims.filter(({ state }) => state === 'complete').map(({ slot }) => slot))
      const newest = Math.max(0, ...claims.map(({ slot }) => runOf(slotParts(slot).group)!.due))
      for (const { candidate, slot, standing } of plan(view, makeLocal('n00')).slots) {
        if (done.has(slot)) assert.ok(standing.complete !== null && candidate === null)
        if (candidate !== null) assert.ok(runOf(slotParts(slot).group)!.due >= newest)
      }
    }),
    { numRuns: 500 },
  )
})

test('time goes on: runs begin in order, each due time at most once, and never two of one job', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -200, max: 400 }), { minLength: 5, maxLength: 30 }), (steps) => {
      let [now, basis] = [epoch, null as RunBasis | null]
      const claims: Claim[] = []
      const begun: number[] = []
      for (const step of steps) {
        now += step
        const made = withRuns(viewOf(claims), clockAt(now), basis)
        basis = made.basis
        for (const { slot, candidate } of plan(made.view, makeLocal('n00')).slots) {
          if (candidate === null) continue
          const { due } = runOf(slotParts(slot).group)!
          begun.push(due)
          claims.push(makeClaim(candidate, { slot, form: runForm(due), state: 'complete' }))
        }
      }
      const dues = [...new Set(begun)]
      assert.equal(begun.length, 2 * dues.length)
      assert.deepEqual(
        dues,
        [...dues].sort((a, b) => a - b),
      )
    }),
    { numRuns: 300 },
  )
})
