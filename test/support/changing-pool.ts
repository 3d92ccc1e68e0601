// A small pool that changes at random, one thing at a time, as documents, liveness, operators and time do. Every change leaves what it
// does not touch the same object, as the projection does. Seeded: the same `next` makes the same story.

import { type NodeId, type SlotId, slotParts } from '../../crdt/ids.ts'
import { withChanges } from '../../crdt/layered-map.ts'
import { type JobSpec, type GroupSpec, jobTypes } from '../../crdt/spec.ts'
import { type Claim, type JobView, type NodeView, type SlotWish, type Verdict, type View, schedulerAlgorithms } from '../../crdt/view.ts'
import { keyOfSlot, slotOfKey } from '../../scheduler/canaries.ts'
import type { Local, Plan } from '../../scheduler/types.ts'
import { randomAsks, randomDevices, randomHeld } from './random-devices.ts'
import { form, makeClaim, makeGroup, makeJob, makeLocal, makeNode, makeTask, makeVerdict, makeView, slotOf, version } from './view.ts'

export interface Story {
  readonly view: View
  readonly local: Local
}

export type Next = () => number
type Change = (story: Story, next: Next, made: Plan) => Story

export const pick = <T>(items: readonly T[], next: Next): T => items[Math.floor(next() * items.length)] as T
export const chance = (next: Next, part: number): boolean => next() < part
const jobNames = ['shop', 'mail', 'cam', 'log'] as const
const nodeNames = Array.from({ length: 9 }, (_, i) => `n0${i}`)

export function firstStory(next: Next): Story {
  const nodes = nodeNames.slice(0, 7).map((name, i) => makeNode(name, randomParts(i, next)))
  const jobs = jobNames.slice(0, 3).map((name) => randomJob(name, 1, next))
  let story: Story = { view: makeView({ nodes, jobs }), local: makeLocal('n00', { now: 1_000_000_000 }) }
  for (let i = 0; i < 30; i++) story = changeClaim(story, next)
  return story
}

/** One change, or a few that arrive together. */
export function nextStory(story: Story, next: Next, made: Plan): Story {
  let now = story
  do now = pick(changes, next)(now, next, made)
  while (chance(next, 0.3))
  return now
}

function randomParts(i: number, next: Next): Partial<NodeView> {
  return {
    weight: pick([0, 0, 10], next),
    labels: { site: `s${i % 3}` },
    capacity: { cpuMhz: pick([300, 1_000], next), memoryMib: pick([256, 1_024], next), diskMib: 32_768 },
  }
}

function randomGroup(name: string, next: Next): GroupSpec {
  const base = makeGroup({ name })
  const site = { attribute: '${label.site}', operator: '=', value: pick(['s0', 's1', 's9'], next) } as const
  return {
    ...base,
    count: pick([0, 1, 3, 4], next),
    constraints: pick(
      [
        [],
        [],
        [site],
        [{ ...site, operator: 'regexp', value: '^s[01]$' }],
        [{ ...site, operator: 'distinct_property', value: pick(['', '2'], next) }],
        [{ attribute: '', operator: 'distinct_hosts', value: 'true' }],
      ],
      next,
    ),
    affinities: chance(next, 0.5) ? [{ ...site, weight: pick([50, -50], next) }] : [],
    spread: chance(next, 0.3) ? [{ attribute: '${label.site}', weight: 50, targets: [] }] : [],
    reschedule: { ...base.reschedule, unlimited: chance(next, 0.6), attempts: 1, intervalMs: 100_000, delayMs: 5_000 },
    update: {
      ...base.update,
      maxParallel: pick([0, 1, 2], next),
      ...(chance(next, 0.3) ? { autoRevert: true, progressDeadlineMs: 0 } : {}),
    },
    disconnect: {
      ...base.disconnect,
      replace: chance(next, 0.8),
      replaceAfterMs: pick([0, 10_000, 60_000], next),
      lostAfterMs: pick([120_000, 604_800_000], next),
      lostAfterExplicit: chance(next, 0.5),
      reconcile: pick(['best_score', 'best_score', 'best_score', 'keep_original', 'keep_replacement', 'longest_running'], next),
      partition: pick(['half', 'any'], next),
    },
    network: {
      mode: 'host',
      ports: [
        ...(chance(next, 0.3) ? [{ label: 'a', static: pick([80, 20_001], next), to: null }] : []),
        ...(chance(next, 0.3) ? [{ label: 'b', static: null, to: null }] : []),
      ],
    },
    tasks: [
      makeTask({
        resources: { cpuMhz: pick([50, 150], next), memoryMib: pick([32, 128], next) },
        ...randomAsks(next),
        config: { ...makeTask().config, image: 'busybox' },
      }),
    ],
  }
}

function randomJob(name: string, count: number, next: Next): JobView {
  const groups = chance(next, 0.3) ? [randomGroup('db', next), randomGroup('web', next)] : [randomGroup('web', next)]
  const distinct = [
    { attribute: '', operator: 'distinct_hosts', value: 'true' },
    { attribute: '${label.site}', operator: 'distinct_property', value: '2' },
  ] as const
  return makeJob({
    name,
    groups,
    spec: {
      type: pick(['service', 'service', 'service', 'system', 'batch', 'sysbatch'] as const, next),
      priority: pick([10, 45, 50, 70], next),
      constraints: chance(next, 0.2) ? [pick(distinct, next)] : [],
    },
    form: form(pick(['f1', 'f2'], next)),
    version: version(count),
  })
}

function withNode(view: View, id: NodeId, parts: Partial<NodeView>): View {
  const old = view.nodes.get(id)
  return old === undefined ? view : { ...view, nodes: new Map(view.nodes).set(id, { ...old, ...parts }) }
}

const someNode = (view: View, next: Next): NodeId => pick([...view.nodes.keys(), 'n00' as NodeId], next)
const someSlot = (next: Next): SlotId => {
  const place = chance(next, 0.75) ? Math.floor(next() * next() * 5) : (pick(nodeNames, next) as NodeId)
  return slotOf(place, chance(next, 0.85) ? 'web' : 'db', pick(jobNames, next))
}

const changeNode: Change = (story, next) => {
  const parts: readonly (() => Partial<NodeView>)[] = [
    () => ({ labels: { site: pick(['s0', 's1', 's2'], next) } }),
    () => ({ labels: { site: pick(['s0', 's1'], next) } }),
    () => ({ attributes: { 'cpu.arch': pick(['arm64', 'amd64'], next) } }),
    () => ({ weight: pick([0, 10, -10], next) }),
    () => ({ weight: Math.floor(next() * 200) - 100 }),
    () => ({ draining: chance(next, 0.5), ...(chance(next, 0.3) ? { drainIgnoresSystem: true } : {}) }),
    () => ({ eligible: chance(next, 0.7) }),
    () => ({ evicted: chance(next, 0.3) }),
    () => ({ documentFull: chance(next, 0.3) }),
    () => ({ planVersion: pick([1, 1, 2], next) }),
    () => ({ images: new Set(chance(next, 0.5) ? ['busybox:latest'] : []) }),
    () => ({ drivers: chance(next, 0.2) ? {} : { raw_exec: { healthy: chance(next, 0.7), reason: '' } } }),
    () => ({ allocsMax: pick([1, 2, 3] as const, next) }),
    () => ({ dynamicPorts: pick([[20_000, 20_001] as const, [20_001, 20_001] as const, [20_002, 20_002] as const], next) }),
    () => ({ capacity: { cpuMhz: pick([100, 300, 1_000], next), memoryMib: 512, diskMib: 32_768 } }),
    () => randomDevices(next),
    () => ({ receipts: { fleet: String(next()) } }),
    () => ({
      verdicts: new Map([
        [someSlot(next), [randomVerdict(next)]],
        ...(chance(next, 0.5) ? [[someSlot(next), [randomVerdict(next)]] as const] : []),
      ]),
    }),
    () => ({ verdicts: new Map() }),
  ]
  return { ...story, view: withNode(story.view, someNode(story.view, next), pick(parts, next)()) }
}

function randomVerdict(next: Next): Verdict {
  const verdict = pick(['failed', 'healthy'] as const, next)
  return makeVerdict({ form: form(pick(['f1', 'f2'], next)), verdict, failures: pick([0, 1, 2], next), generation: pick([0, 1, 3], next) })
}

/** A node falls silent, is heard again, or says that it leaves; now and then nobody counts the silence. */
const changeLiveness: Change = ({ view, local }, next) => {
  const id = someNode(view, next)
  const liveness = pick(['alive', 'alive', 'disconnected', 'disconnected', 'unheard', 'left'] as const, next)
  const silentSince = new Map(local.silentSince)
  if (liveness === 'alive' || liveness === 'left' || chance(next, 0.1)) silentSince.delete(id)
  else silentSince.set(id, local.now - pick([0, 0, 5_000, 100_000], next))
  return { view: withNode(view, id, { liveness }), local: { ...local, silentSince } }
}

/** A cut, or its end: many fall silent or return together. */
const cutOrHeal: Change = ({ view, local }, next) => {
  const liveness = chance(next, 0.5) ? 'disconnected' : 'alive'
  const silentSince = new Map(local.silentSince)
  let now = view
  for (const id of view.nodes.keys()) {
    if (chance(next, 0.4)) continue
    if (liveness === 'alive') silentSince.delete(id)
    else silentSince.set(id, local.now - 100_000)
    now = withNode(now, id, { liveness })
  }
  return { view: now, local: { ...local, silentSince } }
}

const comeOrGo: Change = ({ view, local }, next) => {
  const nodes = new Map(view.nodes)
  const name = pick(nodeNames, next)
  const known = nodes.get(name as NodeId)
  if (known === undefined) nodes.set(name as NodeId, makeNode(name, randomParts(nodes.size, next)))
  else if (chance(next, 0.4)) nodes.delete(known.id)
  return { view: { ...view, nodes }, local }
}

function changeClaim({ view, local }: Story, next: Next): Story {
  const slot = someSlot(next)
  // Nobody else claims a slot that is a node's: the documents say so.
  const id = slotParts(slot).node ?? someNode(view, next)
  const list = view.claims.get(slot) ?? []
  const old = list.find((claim) => claim.node === id)
  const others = list.filter((claim) => claim.node !== id)
  const fresh = old !== undefined && chance(next, 0.2) ? undefined : randomClaim(slot, id, old, next)
  const now = fresh === undefined ? others : [...others, fresh].sort((a, b) => (a.node < b.node ? -1 : 1))
  return { view: { ...view, claims: withChanges(view.claims, new Map([[slot, now.length > 0 ? now : undefined]])) }, local }
}

function randomClaim(slot: SlotId, node: NodeId, old: Claim | undefined, next: Next): Claim {
  const state = pick(
    ['running', 'running', 'running', 'claimed', 'preparing', 'starting', 'stopping', 'failed', 'stopped', 'complete'] as const,
    next,
  )
  const claim = old !== undefined && chance(next, 0.6) ? { ...old, state } : makeClaim(node, { slot, state })
  return {
    ...claim,
    healthy: state === 'running' && chance(next, 0.7),
    generation: chance(next, 0.6) ? claim.generation : 1 + Math.floor(next() * 4),
    form: chance(next, 0.8) ? claim.form : form(pick(['f1', 'f2'], next)),
    version: chance(next, 0.7) ? claim.version : version(1 + Math.floor(next() * 2)),
    ports: chance(next, 0.7) ? claim.ports : { a: pick([80, 20_001], next) },
    ...(chance(next, 0.3) ? { resources: { cpuMhz: pick([50, 200], next), memoryMib: 64, diskMib: 10 } } : {}),
    ...randomHeld(next),
    over: chance(next, 0.9) ? claim.over : new Map([[pick(nodeNames, next) as NodeId, 1 + Math.floor(next() * 5)]]),
    lost: chance(next, 0.9) ? claim.lost : new Map([[pick(nodeNames, next) as NodeId, 1 + Math.floor(next() * 5)]]),
  }
}

const changeJob: Change = ({ view, local }, next) => {
  const jobs = new Map(view.jobs)
  const name = pick(jobNames, next)
  const old = jobs.get(makeJob({ name }).id)
  const fresh = old === undefined || chance(next, 0.3) ? randomJob(name, (old?.version.count ?? 0) + 1, next) : altered(old, next)
  if (old !== undefined && chance(next, 0.05)) jobs.delete(old.id)
  else jobs.set(fresh.id, fresh)
  return { view: { ...view, jobs }, local }
}

/** The newest version is what the job says now. */
function altered(job: JobView, next: Next): JobView {
  const { versions, ...now } = alteredOnce(job, next)
  const { spec, forms, version: at } = now
  if (versions === undefined || spec === null) return now
  return {
    ...now,
    versions: [{ spec, forms, version: at, orders: pick([1, 1, 2], next), leastCounts: leastCounts(spec, next) }, ...versions.slice(1)],
  }
}

export function leastCounts({ groups }: JobSpec, next: Next): ReadonlyMap<string, number> {
  return new Map(groups.map(({ name, count }) => [name, pick([count, count, 1], next)]))
}

function mayGoBack(job: JobView, next: Next): JobView {
  const { spec } = job
  if (spec === null) return job
  const groups = spec.groups.map((group) => ({ ...group, update: { ...group.update, autoRevert: true as const, progressDeadlineMs: 0 } }))
  const newest = { ...job, spec: { ...spec, groups } }
  const older = Array.from({ length: pick([1, 2], next) }, (_, at) => randomJob(spec.name, at, next))
  const versions = [newest, ...older].map(({ spec, forms, version }) => ({
    spec: spec!,
    forms,
    version,
    orders: 1,
    leastCounts: leastCounts(spec!, next),
  }))
  return { ...newest, versions }
}

/** A board says that a version failed there, or was healthy. */
const judgeVersion: Change = ({ view, local }, next) => {
  const jobs = [...view.jobs.values()].filter(({ versions }) => versions !== undefined)
  if (jobs.length === 0) return { view, local }
  const { name } = pick(jobs, next).spec ?? {}
  const slot = slotOf(Math.floor(next() * 3), 'web', name)
  const id = someNode(view, next)
  const verdicts = new Map(view.nodes.get(id)?.verdicts).set(slot, [randomVerdict(next)])
  return { view: withNode(view, id, { verdicts }), local }
}

function alteredOnce(job: JobView, next: Next): JobView {
  const { spec } = job
  const newer = { ...job, version: version(job.version.count + 1) }
  const groups = spec?.groups ?? []
  const kinds: readonly (() => JobView)[] = [
    () => ({ ...newer, spec: spec && { ...spec, groups: groups.map((group) => ({ ...group, count: group.count + 1 })) } }),
    () => ({ ...newer, spec: spec && { ...spec, groups: groups.map((group) => ({ ...group, count: Math.max(0, group.count - 1) })) } }),
    () => ({ ...newer, spec: spec && { ...spec, type: pick(['service', 'system', 'batch', 'sysbatch'], next) } }),
    () => ({ ...newer, spec: spec && { ...spec, priority: pick([10, 50, 90], next) } }),
    () => ({ ...newer, desired: pick(['run', 'run', 'stopped', 'removed'], next) }),
    () => ({ ...newer, spec: chance(next, 0.3) ? null : spec }),
    () => mayGoBack(newer, next),
    () => mayGoBack(newer, next),
    () => (job.paused === true ? resumed(newer) : { ...newer, paused: true }),
    () => ({ ...newer, forms: new Map(groups.map((group) => [group.name, form(pick(['f1', 'f2', 'f3'], next))])) }),
    () => ({
      ...job,
      wishes: new Map<SlotId, SlotWish>([[slotOf(0, 'web', spec?.name), { restart: 1, stopGeneration: Math.floor(next() * 4) }]]),
    }),
  ]
  return pick(kinds, next)()
}

function resumed(job: JobView): JobView {
  const { paused: _, ...others } = job
  return others
}

const timePasses: Change = ({ view, local }, next) => ({
  view,
  local: { ...local, now: local.now + pick([0, 1, 4_999, 5_000, 10_000, 60_000, 3_600_000, 604_800_000], next) },
})

/** The core remembers failures as it sees them; here also those that it missed, and some that are over. */
const changeFailures: Change = ({ view, local }, next, made) => {
  const failedSince = new Map(local.failedSince)
  const waiting = made.slots.filter(({ reason }) => reason === 'waiting-reschedule' || reason === 'reschedule-exhausted')
  const slot = pick([...waiting.map(keyOfSlot), someSlot(next)], next)
  if (chance(next, 0.3)) failedSince.delete(slot)
  else failedSince.set(slot, local.now - pick([0, 1_000, 4_999], next))
  return { view, local: { ...local, failedSince } }
}

/** What the plan asks to remember is remembered, or has been forgotten at a boot. */
const remember: Change = ({ view, local }, next, made) => ({
  view,
  local: {
    ...local,
    pending: chance(next, 0.8) ? made.pending : new Map(),
    aloneSince: chance(next, 0.1) ? local.now - pick([0, 20_000], next) : null,
    replacementsLastMinute: pick([0, made.replacements], next),
  },
})

const claimPlanned: Change = ({ view, local }, next, made) => {
  const changes = new Map<SlotId, readonly Claim[]>()
  for (const [key, { candidate }] of made.pending) {
    const planned = made.bySlot.get(key)
    const slot = slotOfKey(key)
    if (planned === undefined || chance(next, 0.4) || view.claims.get(slot)?.some((claim) => claim.node === candidate)) continue
    const { form: own, version: at, nextGeneration: generation, displaces } = planned
    const state = pick(['claimed', 'running', 'failed'] as const, next)
    const claim = makeClaim(candidate, { slot, form: own, version: at, generation, state, ...(displaces && { displaces }) })
    changes.set(
      slot,
      [...(view.claims.get(slot) ?? []), claim].sort((a, b) => (a.node < b.node ? -1 : 1)),
    )
  }
  return { view: { ...view, claims: withChanges(view.claims, changes) }, local }
}

/** A board is replaced by one or two others, which may be replaced themselves, or an operator's word for that falls. */
const replaceNode: Change = ({ view, local }, next) => {
  const known = view.nodes.get(someNode(view, next))
  const by = [...new Set([someNode(view, next), someNode(view, next)])].filter((other) => other !== known?.id).sort()
  if (known === undefined) return { view, local }
  const { replacedBy: _, ...rest } = known
  const isTaken = by.length > 0 && chance(next, 0.7)
  const changed: NodeView = isTaken ? { ...rest, evicted: true, replacedBy: by } : { ...rest, evicted: false }
  return { view: { ...view, nodes: new Map(view.nodes).set(known.id, changed) }, local }
}

const changeFleet: Change = ({ view, local }, next) => {
  const kinds = new Map(jobTypes.map((type) => [type, chance(next, 0.6)]))
  const fleet = {
    ...view.fleet,
    planVersion: pick([1, 1, 1, 2], next),
    ...(chance(next, 0.6) ? { preemption: new Map([[view.pool, kinds]]) } : {}),
    ...(chance(next, 0.3) ? { algorithms: new Map([[view.pool, pick(schedulerAlgorithms, next)]]) } : {}),
  }
  return { view: { ...view, fleet }, local }
}

const changes: readonly Change[] = [
  ...Array.from({ length: 3 }, () => changeNode),
  changeLiveness,
  changeLiveness,
  cutOrHeal,
  comeOrGo,
  changeClaim,
  changeClaim,
  changeClaim,
  changeJob,
  changeJob,
  timePasses,
  timePasses,
  changeFailures,
  remember,
  remember,
  claimPlanned,
  claimPlanned,
  changeFleet,
  judgeVersion,
  judgeVersion,
  replaceNode,
  replaceNode,
]
