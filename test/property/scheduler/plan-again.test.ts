// A plan that starts from an earlier one is the plan from nothing: after every change, whatever changed, from whichever earlier plan,
// and whether what did not change is the same object or only reads the same.

import assert from 'node:assert/strict'
import test from 'node:test'
import { type NodeId, type SlotId, jobId } from '../../../crdt/ids.ts'
import { withChanges } from '../../../crdt/layered-map.ts'
import type { View } from '../../../crdt/view.ts'
import { generateView } from '../../../bench/placement/generator.ts'
import { actions } from '../../../scheduler/actions.ts'
import { explainJob } from '../../../scheduler/explain.ts'
import { inForce } from '../../../scheduler/in-force.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { Local, Plan } from '../../../scheduler/types.ts'
import { type Story, firstStory, nextStory } from '../../support/changing-pool.ts'
import { makeClaim, makeLocal, random } from '../../support/view.ts'

/** Everything that anybody may read of a plan. */
function told(made: Plan, view: View, local: Local): unknown {
  const { slots, own, pending, wakeAt, replacements, bySlot } = made
  return {
    slots,
    own,
    pending,
    wakeAt,
    replacements,
    found: slots.map(({ slot }) => bySlot.get(slot) === slots.find((one) => one.slot === slot)),
    ofJobs: [...view.jobs.keys()].map((job) => bySlot.ofJob(job)),
    actions: actions(view, made, local),
  }
}

const explained = (made: Plan, { view, local }: Story): unknown => [...view.jobs.keys()].map((job) => explainJob(view, local, made, job))

const stories = 120
const changesEach = 60

test('a plan from an earlier one is the plan from nothing, after every change', () => {
  for (let seed = 1; seed <= stories; seed++) {
    const next = random(seed)
    let story = firstStory(next)
    let made = plan(story.view, story.local)
    for (let step = 0; step < changesEach; step++) {
      story = nextStory(story, next, made)
      const self = (next() < 0.9 ? 'n00' : 'n01') as NodeId
      const local = { ...story.local, self }
      const anew = plan(story.view, local)
      made = plan(story.view, local, made)
      assert.deepEqual(told(made, story.view, local), told(anew, story.view, local), `seed ${seed}, change ${step}`)
      if (step % 10 === 9) assert.deepEqual(explained(made, story), explained(anew, story), `seed ${seed}, change ${step}`)
    }
  }
})

test('the same where jobs go back to earlier versions by themselves; and whoever reads the same view finds the same in force', () => {
  let back = 0
  for (let seed = 1; seed <= stories / 2; seed++) {
    const next = random(seed + 30_000)
    let story = firstStory(next)
    let made = plan(inForce(story.view), story.local)
    for (let step = 0; step < changesEach; step++) {
      story = nextStory(story, next, made)
      const view = inForce(story.view)
      const rebuilt = inForce(structuredClone({ ...story.view, claims: new Map(story.view.claims) }))
      made = plan(view, story.local, made)
      assert.deepEqual(
        told(made, view, story.local),
        told(plan(rebuilt, story.local), rebuilt, story.local),
        `seed ${seed}, change ${step}`,
      )
      back += [...view.jobs.values()].filter(({ wentBackTo }) => wentBackTo !== undefined).length
    }
  }
  assert.ok(back > 20, `${back} times a job was back at an earlier version`)
})

test('groups that share their scores are placed as those that share them with nobody', () => {
  let placed = 0
  for (let seed = 1; seed <= stories / 2; seed++) {
    const next = random(seed + 40_000)
    let story = firstStory(next)
    let made = plan(story.view, story.local)
    for (let step = 0; step < changesEach / 2; step++) {
      story = nextStory(story, next, made)
      made = plan(story.view, story.local, made)
      const view = withTwins(story.view)
      const [together, apart] = [plan(view, story.local), plan(askingApart(view), story.local)]
      const outcome = ({ slots }: Plan): unknown =>
        slots.map(({ slot, candidate, reason, update }) => ({ slot, candidate, reason, update }))
      assert.deepEqual(outcome(together), outcome(apart), `seed ${seed}, change ${step}`)
      placed += together.slots.filter(({ candidate }) => candidate !== null).length
    }
  }
  assert.ok(placed > 5_000, `${placed} candidates`)
})

/** Beside each job, one before it and one behind it that ask the same and run nowhere yet. */
function withTwins(view: View): View {
  const twins = [...view.jobs.values()].flatMap((job) =>
    ['a', 'z'].map((beside) => {
      const name = `${beside}-${job.id.slice(job.id.indexOf('/') + 1)}`
      const id = jobId('default', name)
      return [id, { ...job, id, spec: job.spec === null ? null : { ...job.spec, name }, wishes: new Map() }] as const
    }),
  )
  return { ...view, jobs: new Map([...view.jobs, ...twins]) }
}

/** Each group has an affinity of its own that weighs nothing: no two ask the same. */
function askingApart(view: View): View {
  const none = (job: string, group: string) => ({ attribute: `\${meta.${job}.${group}}`, operator: '=', value: 'x', weight: 0 }) as const
  const jobs = [...view.jobs].map(([id, job]) => {
    const groups = job.spec?.groups.map((group) => ({ ...group, affinities: [...group.affinities, none(id, group.name)] }))
    return [id, job.spec === null ? job : { ...job, spec: { ...job.spec, groups: groups! } }] as const
  })
  return { ...view, jobs: new Map(jobs) }
}

test('an earlier plan is as it was after others started from it, and any of them may be started from', () => {
  for (let seed = 1; seed <= stories / 4; seed++) {
    const next = random(seed + 10_000)
    let story = firstStory(next)
    const made = [{ plan: plan(story.view, story.local), story }]
    for (let step = 0; step < changesEach / 2; step++) {
      const from = made[Math.floor(next() * made.length)] as (typeof made)[number]
      const before = structuredClone(told2(from))
      // The view may also be an earlier one again, as when a question asks "what if" in between.
      const { view } = next() < 0.5 ? story : (made[Math.floor(next() * made.length)] as (typeof made)[number]).story
      story = nextStory({ view, local: story.local }, next, from.plan)
      const anew = plan(story.view, story.local)
      const again = plan(story.view, story.local, from.plan)
      assert.deepEqual(told(again, story.view, story.local), told(anew, story.view, story.local), `seed ${seed}, change ${step}`)
      assert.deepEqual(told2(from), before, `seed ${seed}, change ${step}`)
      made.push({ plan: again, story })
    }
  }
})

const told2 = ({ plan: { slots, own, pending, wakeAt, replacements } }: { plan: Plan }): unknown => ({
  slots,
  own,
  pending,
  wakeAt,
  replacements,
})

test('what reads the same gives the same plan, whoever built it', () => {
  for (let seed = 1; seed <= stories / 4; seed++) {
    const next = random(seed + 20_000)
    let story = firstStory(next)
    let made = plan(story.view, story.local)
    for (let step = 0; step < changesEach / 2; step++) {
      story = nextStory(story, next, made)
      const rebuilt = structuredClone({ ...story.view, claims: new Map(story.view.claims) })
      const local = structuredClone(story.local)
      const anew = plan(story.view, story.local)
      assert.deepEqual(
        told(plan(rebuilt, local, made), rebuilt, local),
        told(anew, story.view, story.local),
        `seed ${seed}, change ${step}`,
      )
      made = plan(story.view, story.local, made)
    }
  }
})

test('the same in a pool whose claims are kept in layers', () => {
  const before = generateView({ seed: 7, nodes: 30, jobs: 40, copiesPerJob: 10, fillPercent: 60 })
  const local = makeLocal('board-000003', { now: 0 })
  let view: View = { ...before, claims: claimsFor(plan(before, local)) }
  let made = plan(view, local)
  const next = random(7)
  const slots = [...view.claims.keys()]
  for (let step = 0; step < 150; step++) {
    const slot = slots[Math.floor(next() * slots.length)] as SlotId
    const [claim] = view.claims.get(slot) ?? []
    const state = next() < 0.5 ? 'running' : 'failed'
    const changed = claim === undefined ? [makeClaim('board-000003', { slot })] : next() < 0.3 ? undefined : [{ ...claim, state } as const]
    view = { ...view, claims: withChanges(view.claims, new Map([[slot, changed]])) }
    const at = { ...local, now: step * 1_000, failedSince: new Map([...slots.slice(0, 200)].map((one) => [one, 0])), pending: made.pending }
    made = plan(view, at, made)
    assert.deepEqual(told(made, view, at), told(plan(view, at), view, at), `change ${step}`)
  }
})

function claimsFor(made: Plan): View['claims'] {
  return new Map(
    made.slots.flatMap(({ slot, candidate, form, version }) =>
      candidate === null ? [] : [[slot, [makeClaim(candidate, { slot, form, version })]] as const],
    ),
  )
}

test('in a settled pool nothing is made anew but what changed', () => {
  const before = generateView({ seed: 8, nodes: 20, jobs: 10, copiesPerJob: 10, fillPercent: 50 })
  const local = makeLocal('board-000003')
  const view: View = { ...before, claims: claimsFor(plan(before, local)) }
  const settled = plan(view, local)
  const same = plan(view, local, settled)
  assert.ok(same.slots.every((one, index) => one === settled.slots[index]))
  const [[slot, [claim]]] = [...view.claims] as unknown as [[SlotId, [ReturnType<typeof makeClaim>]]]
  const changed = { ...view, claims: withChanges(view.claims, new Map([[slot, [{ ...claim, healthy: false }]]])) }
  const again = plan(changed, local, settled)
  assert.deepEqual(
    again.slots.filter((one, index) => one !== settled.slots[index]).map((one) => one.slot),
    [slot],
  )
})
