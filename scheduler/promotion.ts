// Which versions of a group may run in all its slots, and which wait for their promotion (`update.canary`, docs/adr/0026): a function of the
// view, of what operators have promoted and, with `auto_promote`, of what boards say of the canaries. Until it is promoted the version
// before it stays in force, and the canaries run beside that.

import type { GroupSpec, JobSpec } from '../crdt/spec.ts'
import type { Canaries, JobView, SpecVersion, View } from '../crdt/view.ts'
import { pastOf } from './past.ts'

export interface Releases {
  /** Place of the version in force among the job's versions, newest first; 0: the newest waits for nothing. */
  readonly base: number
  readonly waiting: ReadonlySet<number>
}

/** `hasFailed`: taken back by itself, and so no version to stay at. */
export function releasesOf(view: View, job: JobView, group: string, hasFailed: (version: SpecVersion) => boolean): Releases {
  const versions = job.versions ?? []
  const waiting = new Set<number>()
  let base = versions.length
  // From the oldest that is known, which had nothing to run beside.
  for (let at = versions.length - 1; at >= 0; at--) {
    const version = versions[at]!
    const form = version.forms.get(group)
    if (form === undefined) continue
    const isOther = base < versions.length && versions[base]!.forms.get(group) !== form
    if (isOther && !isPromoted(view, job, group, version)) waiting.add(at)
    else if (!isOther || at === 0 || !hasFailed(version)) base = at
  }
  return { base, waiting }
}

function isPromoted(view: View, job: JobView, group: string, { spec, forms, leastCounts, promotions }: SpecVersion): boolean {
  const promotion = promotions.get(group)
  const form = forms.get(group)
  if (promotion === undefined || form === undefined) return true
  const wanted = Math.min(promotion.canaries, leastCounts.get(group) ?? promotion.canaries)
  if (wanted === 0 || job.promoted?.get(group)?.includes(form) === true) return true
  // Once healthy is enough: what becomes of a copy later takes no promotion back.
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
