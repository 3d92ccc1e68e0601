// Everything about one group that its slots share: its rules (what it asks, which nodes may ever run it) follow from the job alone;
// where its copies are belongs to one plan, and is counted when a search first asks.

import { slotId } from '../crdt/ids.ts'
import type { Form, SlotId } from '../crdt/ids.ts'
import { type Affinity, type Constraint, type GroupSpec, type JobSpec, isPerNode } from '../crdt/spec.ts'
import { type Claim, type JobView, type View, hasEnded } from '../crdt/view.ts'
import { type Ask, askOf } from './ask.ts'
import type { Boards } from './boards.ts'
import { type Edition, type Side, ownClaims } from './canaries.ts'
import { asksDistinctHosts } from './constraints.ts'
import { nodeSlots } from './per-node.ts'
import { mayBegin } from './periodic.ts'
import { type Property, addTo, propertiesOf } from './properties.ts'
import { affinitiesOf } from './rank.ts'

/** Of a group whose newest version waits for its promotion there are two: of the slots themselves, and of their canaries. */
export interface GroupRules extends Side {
  readonly job: JobView
  readonly spec: JobSpec
  readonly group: GroupSpec
  readonly form: Form
  readonly ask: Ask
  /** Of the node's own attributes: job's, group's and tasks'. */
  readonly constraints: readonly Constraint[]
  readonly affinities: readonly Affinity[]
  /** Sorted, each once. */
  readonly drivers: readonly string[]
  readonly images: readonly string[]
  readonly distinct: 'no' | 'group' | 'job'
  /** Each slot is a node's: `per-node.ts`. */
  readonly perNode: boolean
  /** false: what runs goes on, and no copy begins: of a periodic job's run that is over. */
  readonly mayBegin: boolean
}

export interface Group extends GroupRules {
  /** Node index → copies of this group, those that the plan adds included. */
  readonly copies: () => Map<number, number>
  /** The same for all groups of the job. */
  readonly jobCopies: () => Map<number, number>
  /** `distinct_property`; those of the job are shared by its groups. */
  readonly properties: () => readonly Property[]
}

export function rulesOf(job: JobView, spec: JobSpec): GroupRules[] {
  const own = spec.groups.map((group) => {
    const form = job.forms.get(group.name) ?? ('' as Form)
    return rulesOfGroup(job, { spec, group, form }, { canaries: job.canaries?.get(group.name) ?? null, isCanary: false })
  })
  const besides = [...(job.canaries?.values() ?? [])].map((canaries) => {
    const group = { ...canaries.group, count: canaries.count }
    return rulesOfGroup(job, { ...canaries, group }, { canaries, isCanary: true })
  })
  return [...own, ...besides]
}

function rulesOfGroup(job: JobView, { spec, group, form }: Edition, side: Side): GroupRules {
  const all = [...spec.constraints, ...group.constraints, ...group.tasks.flatMap((task) => task.constraints)]
  return {
    ...side,
    job,
    spec,
    group,
    form,
    ask: askOf(group),
    constraints: all.filter((constraint) => constraint.operator !== 'distinct_hosts'),
    affinities: affinitiesOf(spec, group),
    drivers: [...new Set(group.tasks.map((task) => task.driver))].sort(),
    images: group.tasks.flatMap((task) => (task.config.image === undefined ? [] : [taggedImage(task.config.image)])),
    distinct: asksDistinctHosts(spec.constraints) ? 'job' : asksDistinctHosts(group.constraints) ? 'group' : 'no',
    perNode: isPerNode(spec),
    mayBegin: mayBegin(job, group.name),
  }
}

/** What is claimed of a group, slot by slot; the group by its place among those of the job. */
export type ClaimsOf = (at: number) => readonly (readonly Claim[])[]

/** All groups of one job, for one plan: they share the count of the job's copies. */
export function groupsOf(boards: Boards, all: readonly GroupRules[], claimsOf: ClaimsOf): Group[] {
  const counted = (groups: Iterable<number>) => once(() => countCopies(boards, groups, claimsOf))
  const jobCopies = counted(all.keys())
  const ofJob = once(() => propertiesOf(all[0]?.spec.constraints ?? [], jobCopies, boards))
  const shared = new Map<string, Pick<Group, 'copies' | 'properties'>>()
  return all.map((rules) => {
    const { name, constraints } = rules.group
    // What stands beside one another for now will be one group: they keep apart as if they were.
    const known = shared.get(name)
    const copies = known?.copies ?? counted([...all.keys()].filter((at) => all[at]!.group.name === name))
    const properties = known?.properties ?? once(() => [...ofJob(), ...propertiesOf(constraints, copies, boards)])
    shared.set(name, { copies, properties })
    return { ...rules, copies, jobCopies, properties }
  })
}

function* numberedSlots({ job, group }: GroupRules): Iterable<SlotId> {
  for (let index = 0; index < group.count; index++) yield slotId(job.id, group.name, index)
}

/** For whom no plan has looked at the slots yet. */
export function claimsIn(view: View, boards: Boards, all: readonly GroupRules[]): ClaimsOf {
  return (at) => {
    const rules = all[at]
    if (rules === undefined || view.claims.size === 0) return []
    const slots = rules.perNode ? nodeSlots(rules, boards, view.claims) : [...numberedSlots(rules)]
    return slots.map((slot, index) => ownClaims(rules, index, view.claims.get(slot) ?? []))
  }
}

function countCopies(boards: Boards, groups: Iterable<number>, claimsOf: ClaimsOf): Map<number, number> {
  const counts = new Map<number, number>()
  for (const at of groups) {
    for (const claims of claimsOf(at)) {
      for (const claim of claims) {
        const node = boards.indexOf.get(claim.node)
        if (node !== undefined && !hasEnded(claim)) counts.set(node, (counts.get(node) ?? 0) + 1)
      }
    }
  }
  return counts
}

/** A candidate of the plan counts like a copy from then on. */
export function addCopy(group: Group, index: number): void {
  // First, so that nobody counts the copy twice.
  for (const property of group.properties()) addTo(property, index, 1)
  group.copies().set(index, (group.copies().get(index) ?? 0) + 1)
  if (group.distinct === 'job') group.jobCopies().set(index, (group.jobCopies().get(index) ?? 0) + 1)
}

export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** Engines list images with their tag: `busybox` is `busybox:latest`. A digest names itself. */
function taggedImage(image: string): string {
  const name = image.slice(image.lastIndexOf('/') + 1)
  return name.includes(':') || name.includes('@') ? image : `${image}:latest`
}
