// Which versions of a group may run in all its slots, and which wait for their promotion (`update.canary`, docs/adr/0026): a function of the
// view, of what operators have promoted and, with `auto_promote`, of what boards say of the canaries. Until it is promoted the version
// before it stays in force, and the canaries run beside that.

import type { GroupSpec, JobSpec } from '../crdt/spec.ts'
import type { Canaries, JobView, Promotion, SpecVersion, View } from '../crdt/view.ts'
import { pastOf } from './past.ts'

export interface Releases {
  /** Place of the version in force among the job's versions. */
  readonly base: number
  /** The newest waits, and runs beside that one. */
  readonly waits: boolean
  /** Places of those that were in force once. */
  readonly released: ReadonlySet<number>
}

/** `hasFailed`: taken back by itself, and so no version to stay at. */
export function releasesOf(view: View, job: JobView, group: string, hasFailed: (version: SpecVersion) => boolean): Releases {
  const versions = job.versions ?? []
  const released = new Set<number>()
  let base = -1
  let waits = false
  // From the oldest that is known, which had nothing to run beside.
  for (const { version: at, promotions } of (job.ordering ?? []).toReversed()) {
    const version = versions[at]!
    const form = version.forms.get(group)
    if (form === undefined) continue
    const isOther = base >= 0 && versions[base]!.forms.get(group) !== form
    waits = isOther && !isPromoted(view, job, group, version, promotions.get(group))
    if (waits) continue
    released.add(at)
    if (!isOther || at === 0 || !hasFailed(version)) base = at
  }
  return { base, waits, released }
}

/** By an operator, or by its canaries: it is enough that each was healthy once, and what becomes of it later takes nothing back. */
function isPromoted(view: View, job: JobView, group: string, { spec, forms, leastCounts }: SpecVersion, promotion?: Promotion): boolean {
  const form = forms.get(group)
  if (promotion === undefined || form === undefined) return true
  const wanted = Math.min(promotion.canaries, leastCounts.get(group) ?? promotion.canaries)
  if (wanted === 0 || job.promoted?.get(group)?.includes(form) === true) return true
  return promotion.auto && pastOf(view, job.id, group, groupOf(spec, group)?.count ?? 0, form).arrived.size >= wanted
}

/** Group → place of the version that is in force for it, of those whose newest version waits. */
export type Bases = ReadonlyMap<string, number>

/** The job as it is in force while the newest version of these groups waits: so many copies as it asks for, of what was there before. */
export function besideBases(job: JobView, bases: Bases): JobView {
  const versions = job.versions!
  const newest = versions[0]!
  const groups = newest.spec.groups.map((group) => {
    const at = bases.get(group.name)
    if (at === undefined) return withMeta(newest.spec, group)
    const { spec } = versions[at]!
    return { ...withMeta(spec, groupOf(spec, group.name)!), count: group.count }
  })
  const forms = new Map([...newest.forms].map(([group, form]) => [group, versions[bases.get(group) ?? 0]!.forms.get(group) ?? form]))
  const canaries = new Map([...bases.keys()].map((group) => [group, canariesOf(newest, group)]))
  return { ...job, spec: { ...newest.spec, meta: {}, groups }, forms, canaries }
}

/** Tasks see the job's entries too, and two versions of it are at work. */
function withMeta({ meta }: JobSpec, group: GroupSpec): GroupSpec {
  return { ...group, meta: { ...meta, ...group.meta } }
}

/** Nomad runs more canaries than copies if it is asked to; here each runs beside a copy. */
function canariesOf({ spec, forms }: SpecVersion, name: string): Canaries {
  const group = groupOf(spec, name)!
  const { canary = 0, autoPromote } = group.update
  return { spec, group, form: forms.get(name)!, count: Math.min(canary, group.count), auto: autoPromote === true }
}

function groupOf({ groups }: JobSpec, name: string): GroupSpec | undefined {
  return groups.find((group) => group.name === name)
}
