// Which version of a job is in force, where its newest one may fail (`update.auto_revert`, docs/adr/0020): of those that have not failed,
// by what all boards say of their forms, the newest that was healthy somewhere. A function of the view, which is given back with that version in the place of the newest; nobody
// writes into the job's document that it went back. Nor that a version waits for its promotion, which `promotion.ts` tells (docs/adr/0026).

import type { JobId } from '../crdt/ids.ts'
import type { GroupSpec } from '../crdt/spec.ts'
import { type JobView, type NodeView, type SpecVersion, type View, isMember } from '../crdt/view.ts'
import { pastOf } from './past.ts'
import { type Bases, type Releases, besideBases, releasesOf } from './promotion.ts'
import { triesOf } from './reschedule.ts'

/** A pure function's memory: equal objects get equal objects, so that a plan starts from the one before. */
const views = new WeakMap<View, View>()
const jobs = new WeakMap<JobView, Map<string, JobView>>()

export function inForce(view: View): View {
  const known = views.get(view)
  if (known !== undefined) return known
  const chosen = choose(view)
  views.set(view, chosen)
  return chosen
}

function choose(view: View): View {
  const changed = new Map<JobId, JobView>()
  const wary = [...view.jobs.values()].filter(({ versions }) => versions !== undefined)
  // In most pools no job asks for it.
  if (wary.length === 0) return view
  const suspects = failedForms(view)
  for (const job of wary) {
    const [newest, ...older] = job.versions!
    if (newest === undefined) continue
    const hasFailed = (version: SpecVersion): boolean => isLeft(view, suspects, job.id, version)
    const releases = releasesByGroup(view, job, hasFailed)
    const at = hasFailed(newest) ? bestOf(view, suspects, job.id, older, releases) : -1
    const bases = new Map([...releases].flatMap(([group, { base, waits }]) => (waits ? [[group, base]] : [])))
    if (at >= 0) changed.set(job.id, backTo(job, at + 1, job.versions!))
    else if (bases.size > 0) changed.set(job.id, beside(job, bases))
  }
  return changed.size === 0 ? view : { ...view, jobs: new Map([...view.jobs, ...changed]) }
}

/** Only a version that says so of itself is ever left. */
function isLeft(view: View, suspects: Suspects, job: JobId, version: SpecVersion): boolean {
  return version.spec.groups.some((group) => group.update.autoRevert === true && hasGivenUp(view, suspects, job, group, version))
}

/** Of groups whose versions begin with canaries. */
function releasesByGroup(view: View, job: JobView, hasFailed: (version: SpecVersion) => boolean): ReadonlyMap<string, Releases> {
  const groups = new Set((job.ordering ?? []).flatMap(({ promotions }) => [...promotions.keys()]))
  return new Map([...groups].map((group) => [group, releasesOf(view, job, group, hasFailed)]))
}

/** Those of groups that it has. */
function wasReleased({ forms }: SpecVersion, at: number, releases: ReadonlyMap<string, Releases>): boolean {
  return [...releases].every(([group, { released }]) => !forms.has(group) || released.has(at))
}

/**
 * Of those that have not failed, and were not left waiting for their promotion, the newest that was healthy somewhere, or else the newest;
 * −1: there is none, and the newest of all is tried on.
 */
function bestOf(
  view: View,
  suspects: Suspects,
  job: JobId,
  versions: readonly SpecVersion[],
  releases: ReadonlyMap<string, Releases>,
): number {
  const isOut = versions.map(
    (version, at) =>
      !wasReleased(version, at + 1, releases) || version.spec.groups.some((group) => hasGivenUp(view, suspects, job, group, version)),
  )
  const stable = versions.findIndex((version, at) => !isOut[at] && hasRun(view, job, version))
  return stable >= 0 ? stable : isOut.indexOf(false)
}

function hasRun(view: View, job: JobId, { spec, forms }: SpecVersion): boolean {
  return spec.groups.every((group) => {
    const form = forms.get(group.name)
    return form === undefined || group.count === 0 || pastOf(view, job, group.name, group.count, form).arrived.size > 0
  })
}

function backTo(job: JobView, at: number, versions: readonly SpecVersion[]): JobView {
  const { spec, forms, version } = versions[at]!
  return once(job, `back to ${at}`, () => ({ ...job, spec, forms, wentBackTo: version }))
}

function beside(job: JobView, bases: Bases): JobView {
  return once(job, `beside ${[...bases].join(' ')}`, () => besideBases(job, bases))
}

function once(job: JobView, answer: string, make: () => JobView): JobView {
  const made = jobs.get(job) ?? new Map<string, JobView>()
  jobs.set(job, made)
  const known = made.get(answer) ?? make()
  made.set(answer, known)
  return known
}

/**
 * A slot at which the form never got healthy has failed as often as it may. What was healthy in more than half of the slots is not taken
 * back for the others, nor for slots that were added since; and once it was healthy anywhere, each slot has one try more.
 */
function hasGivenUp(view: View, suspects: Suspects, job: JobId, group: GroupSpec, { forms, orders, leastCounts }: SpecVersion): boolean {
  const form = forms.get(group.name)
  if (form === undefined || !suspects.has(form)) return false
  const count = Math.min(group.count, leastCounts.get(group.name) ?? group.count)
  const { failures, arrived } = pastOf(view, job, group.name, count, form)
  if (failures.size === 0 || arrived.size * 2 > count) return false
  const tries = triesOf(group) * orders + (arrived.size > 0 ? 1 : 0)
  return [...failures].some(([slot, times]) => !arrived.has(slot) && times >= tries)
}

/** Forms of which some member says that they failed: mostly none, so that nobody's words need be sorted. */
type Suspects = ReadonlySet<string>

function failedForms(view: View): Suspects {
  const found = new Set<string>()
  for (const node of view.nodes.values()) if (isMember(node)) for (const form of failedOn(node.verdicts)) found.add(form)
  return found
}

const failedBefore = new WeakMap<NodeView['verdicts'], readonly string[]>()

function failedOn(verdicts: NodeView['verdicts']): readonly string[] {
  const known = failedBefore.get(verdicts)
  if (known !== undefined) return known
  const failed = [...verdicts.values()].flatMap((ofSlot) => ofSlot.flatMap(({ failures, form }) => (failures > 0 ? [form] : [])))
  failedBefore.set(verdicts, failed)
  return failed
}
