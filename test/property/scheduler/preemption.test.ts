// Laws of preemption over seeded random pools: the plan is the same in whatever order things came; nobody is displaced whose priority is not
// lower by enough; of all sets that would do the least harmful goes; and carried out it comes to rest, with no board over-committed.

import assert from 'node:assert/strict'
import test from 'node:test'
import { jobTypes } from '../../../crdt/spec.ts'
import { type Claim, type JobView, type NodeView, type View, hasEnded } from '../../../crdt/view.ts'
import { slotParts } from '../../../crdt/ids.ts'
import { actions } from '../../../scheduler/actions.ts'
import { type Held, nothingHeld, plus } from '../../../scheduler/held.ts'
import { schedulerLimits as limits } from '../../../scheduler/limits.ts'
import { plan } from '../../../scheduler/plan.ts'
import type { SlotPlan } from '../../../scheduler/types.ts'
import { type Copy, chooseVictims } from '../../../scheduler/victims.ts'
import { carriedOut } from '../../support/carried-out.ts'
import { localOf, refilled } from '../../support/rounds.ts'
import { form, makeGroup, makeJob, makeLocal, makeNode, makeTask, makeView, pool, random, slotOf } from '../../support/view.ts'

type Next = () => number
const pick = <T>(items: readonly T[], next: Next): T => items[Math.floor(next() * items.length)] as T
const local = makeLocal('n00')

function randomJob(name: string, next: Next): JobView {
  const resources = { cpuMhz: pick([100, 300], next), memoryMib: pick([100, 200, 400], next) }
  const ports = next() < 0.25 ? [{ label: 'http', static: 80, to: null }] : []
  const group = makeGroup({ count: pick([1, 2, 3], next), diskMib: 0, network: { mode: 'host', ports }, tasks: [makeTask({ resources })] })
  const type = pick(['service', 'service', 'service', 'batch', 'system'] as const, next)
  const count = type === 'system' ? 1 : group.count
  return makeJob({
    name,
    groups: [{ ...group, count }],
    spec: { type, priority: pick([10, 15, 20, 40, 50, 55, 80], next) },
    form: form(`f-${name}`),
  })
}

/** Too small for all jobs; nothing runs yet. */
function randomPool(next: Next): View {
  const nodes = Array.from({ length: 3 }, (_, i) => makeNode(`n0${i}`, randomBoard(next)))
  const jobs = ['a', 'b', 'c', 'd', 'e'].map((name) => randomJob(name, next))
  const kinds = new Map(jobTypes.map((type) => [type, next() < 0.8] as const))
  return makeView({ nodes, jobs, fleet: { preemption: new Map([[pool, kinds]]) } })
}

function randomBoard(next: Next): Partial<NodeView> {
  const capacity = { cpuMhz: pick([400, 1_000], next), memoryMib: pick([400, 700], next), diskMib: 1_000 }
  return { capacity, ...(next() < 0.2 ? { allocsMax: 2 } : {}) }
}

const claimsOf = (view: View): readonly Claim[] => [...view.claims.values()].flat()
const priorityOf = (view: View, { slot }: Pick<Claim, 'slot'>): number => view.jobs.get(slotParts(slot).job)!.spec!.priority

/** Boards act in turn until nobody asks for anything. `saw`: after each action. */
function playOut(view: View, saw: (before: View, after: View) => void): View {
  let now = view
  for (let rounds = 0; rounds < 40; rounds++) {
    const before = now
    for (const self of [...view.nodes.keys()]) {
      const at = localOf(now, self, 0)
      for (const action of actions(now, plan(now, at), at)) {
        const after = carriedOut(now, action, self)
        saw(now, after)
        now = after
      }
    }
    if (now === before) return now
  }
  throw new Error('it does not come to rest')
}

function assertFits(view: View): void {
  for (const node of view.nodes.values()) {
    const running = claimsOf(view).filter((claim) => claim.node === node.id && claim.state === 'running')
    const sum = running.map((claim) => askOf(view, claim)).reduce<Held>(plus, nothingHeld)
    assert.ok(sum.memoryMib <= node.capacity.memoryMib && sum.cpuMhz <= node.capacity.cpuMhz, `${node.id} is over-committed`)
    assert.ok(
      [...sum.ports.values()].every((holders) => holders === 1),
      `a port of ${node.id} is held twice`,
    )
    assert.ok(sum.allocs <= (node.allocsMax ?? sum.allocs), `${node.id} has too many copies`)
  }
}

function askOf(view: View, claim: Claim): Held {
  const { group, job } = slotParts(claim.slot)
  const { tasks, network } = view.jobs.get(job)!.spec!.groups.find(({ name }) => name === group)!
  const ports = new Map(network.ports.map((one) => [one.static!, 1] as const))
  return { ...nothingHeld, ...tasks[0]!.resources, allocs: 1, ports }
}

test('carried out it comes to rest; nobody ends for one that is not important enough, and no board is over-committed on the way', () => {
  let [preempted, chains] = [0, 0]
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed)
    const saw = (before: View, after: View): void => {
      assertFits(after)
      for (const claim of claimsOf(after)) {
        const was = before.claims.get(claim.slot)?.find(({ node }) => node === claim.node)
        if (!claim.reason.startsWith('preempted: ') || was === undefined || hasEnded(was)) continue
        const by = claim.reason.slice('preempted: '.length) as Claim['slot']
        assert.ok(priorityOf(after, { slot: by }) - priorityOf(after, claim) >= limits.preemptionDelta, `seed ${seed}: ${claim.slot}`)
        const preemptor = after.claims.get(by)?.find(({ node }) => node === claim.node)
        assert.ok(preemptor !== undefined && !hasEnded(preemptor), `seed ${seed}: displaced for a copy of another board`)
        preempted++
        if (claimsOf(after).some(({ reason, generation }) => reason === `preempted: ${claim.slot}` && generation > 0)) chains++
      }
    }
    let view = playOut(randomPool(next), saw)
    for (const name of ['w', 'x', 'y', 'z']) {
      const job = randomJob(name, next)
      view = playOut({ ...view, jobs: new Map(view.jobs).set(job.id, job) }, saw)
    }
    assert.deepEqual(plan(view, local).pending, new Map(), `seed ${seed}: it is a fixed point`)
  }
  assert.ok(preempted > 50 && chains > 0, `${preempted} displaced, ${chains} of them had displaced others`)
})

test('the plan is the same in whatever order things came, and displaces by what it says of priorities and kinds', () => {
  let displacing = 0
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed + 10_000)
    const settled = playOut(randomPool(next), () => undefined)
    const job = { ...randomJob('x', next), id: 'default/x' as JobView['id'] }
    const view = { ...settled, jobs: new Map(settled.jobs).set(job.id, job) }
    const { slots } = plan(view, local)
    assert.deepEqual(plan(refilled(view, seed), { ...local, self: 'n02' as NodeView['id'] }).slots, slots, `seed ${seed}`)
    for (const slot of slots) {
      if (slot.displaces === undefined) continue
      displacing++
      assert.equal(view.fleet.preemption?.get(pool)?.get(view.jobs.get(slot.job)!.spec!.type), true)
      for (const victim of slot.displaces.keys()) assert.ok(slot.priority - priorityOf(view, { slot: victim }) >= limits.preemptionDelta)
    }
  }
  assert.ok(displacing > 10, `${displacing} slots displace`)
})

const order = (a: readonly number[], b: readonly number[]): number => {
  const at = a.findIndex((one, i) => one !== b[i])
  return at < 0 ? 0 : a[at]! - b[at]!
}

test('of all sets of copies that would do, the least harmful one goes', () => {
  const ask = { cpuMhz: 100, memoryMib: 300, diskMib: 0 }
  let several = 0
  for (let seed = 1; seed <= 500; seed++) {
    const next = random(seed + 20_000)
    const copies = Array.from({ length: 1 + Math.floor(next() * 7) }, (_, i): Copy => {
      const held = { ...nothingHeld, allocs: 1, cpuMhz: pick([0, 30, 60, 120], next), memoryMib: pick([50, 100, 150, 300], next) }
      const ports = new Map(next() < 0.2 ? [[80, 1]] : [])
      return { slot: slotOf(i), generation: 1, priority: pick([10, 20, 30], next), held: { ...held, ports } }
    })
    const [cpu, memory, port] = [
      pick([0, 50, 100], next),
      pick([100, 200, 300], next),
      next() < 0.3 && copies.some(({ held }) => held.ports.size > 0),
    ]
    const holders = copies.filter(({ held }) => held.ports.size > 0).length
    const isEnough = (freed: Held): boolean =>
      freed.cpuMhz >= cpu && freed.memoryMib >= memory && (!port || (freed.ports.get(80) ?? 0) === holders)
    const chosen = chooseVictims(copies, { freed: nothingHeld, ask, isEnough })
    const subsets = Array.from({ length: 2 ** copies.length }, (_, bits) => copies.filter((_one, i) => (bits >> i) % 2 === 1))
    const harms = subsets
      .filter((set) => isEnough(set.map(({ held }) => held).reduce<Held>(plus, nothingHeld)))
      .map((set) => [Math.max(...set.map(({ priority }) => priority)), set.length, sum(set, ({ priority }) => priority), sum(set, freedOf)])
      .sort(order)
    assert.deepEqual(chosen?.harm, harms[0], `seed ${seed}`)
    if (harms.length > 3) several++
  }
  assert.ok(several > 150, `${several} had a choice`)

  function freedOf({ held }: Copy): number {
    return Math.trunc((held.cpuMhz * 1_000) / ask.cpuMhz) + Math.trunc((held.memoryMib * 1_000) / ask.memoryMib)
  }
})

function sum(copies: readonly Copy[], of: (copy: Copy) => number): number {
  return copies.reduce((total, copy) => total + of(copy), 0)
}

test('of all boards the one that bears least, whatever else speaks for another', () => {
  let chosen = 0
  for (let seed = 1; seed <= 40; seed++) {
    const next = random(seed + 30_000)
    const settled = playOut(randomPool(next), () => undefined)
    const job = makeJob({
      name: 'x',
      groups: [makeGroup({ diskMib: 0, tasks: [makeTask({ resources: { cpuMhz: 100, memoryMib: 300 } })] })],
      spec: { priority: 70 },
    })
    const kinds = { preemption: new Map([[pool, new Map(jobTypes.map((type) => [type, type === 'service'] as const))]]) }
    const view: View = { ...settled, fleet: { ...settled.fleet, ...kinds }, jobs: new Map(settled.jobs).set(job.id, job) }
    const made = plan(view, local).slots.find((slot) => slot.job === job.id)!
    if (made.displaces === undefined) continue
    chosen++
    const alone = [...view.nodes.values()].flatMap(({ id }) => {
      const others = [...view.nodes.values()].map((node) => (node.id === id ? node : { ...node, eligible: false }))
      const there = plan({ ...view, nodes: new Map(others.map((node) => [node.id, node])) }, local).slots.find(
        (slot) => slot.job === job.id,
      )!
      return there.displaces === undefined ? [] : [harmOf(view, there)]
    })
    assert.deepEqual(harmOf(view, made), alone.sort(order)[0], `seed ${seed}`)
  }
  assert.ok(chosen > 6, `${chosen} were displaced for`)
})

function harmOf(view: View, { displaces }: SlotPlan): readonly number[] {
  const priorities = [...(displaces?.keys() ?? [])].map((slot) => priorityOf(view, { slot }))
  return [Math.max(...priorities), priorities.length, priorities.reduce((a, b) => a + b, 0)]
}
