// Which version of a job is in force, where its newest one may fail (`update.auto_revert`, docs/adr/0020): of those that have not failed,
// by what all boards say of their forms, the newest that was healthy somewhere. A function of the view, which is given back with that version in the place of the newest; nobody
// writes into the job's document that it went back.

import { type Form, type JobId, type SlotId, slotParts } from '../crdt/ids.ts'
import type { GroupSpec } from '../crdt/spec.ts'
import { type JobView, type NodeView, type SpecVersion, type Verdict, type View, hasArrived, isMember } from '../crdt/view.ts'
import { triesOf } from './reschedule.ts'

/** A pure function's memory: equal objects get equal objects, so that a plan starts from the one before. */
const views = new WeakMap<View, View>()
const jobs = new WeakMap<JobView, Map<number, JobView>>()

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
    if (newest === undefined || !isLeft(view, suspects, job.id, newest)) continue
    const at = bestOf(view, suspects, job.id, older)
    if (at >= 0) changed.set(job.id, backTo(job, at + 1, job.versions!))
  }
  return changed.size === 0 ? view : { ...view, jobs: new Map([...view.jobs, ...changed]) }
}

/** Only a version that says so of itself is ever left. */
function isLeft(view: View, suspects: Suspects, job: JobId, version: SpecVersion): boolean {
  return version.spec.groups.some((group) => group.update.autoRevert === true && hasGivenUp(view, suspects, job, group, version))
}

/** Of those that have not failed the newest that was healthy somewhere, or else the newest; −1: there is none, and the newest of all is tried on. */
function bestOf(view: View, suspects: Suspects, job: JobId, versions: readonly SpecVersion[]): number {
  const hasFailed = versions.map((version) => version.spec.groups.some((group) => hasGivenUp(view, suspects, job, group, version)))
  const stable = versions.findIndex((version, at) => !hasFailed[at] && hasRun(view, job, version))
  return stable >= 0 ? stable : hasFailed.indexOf(false)
}

function hasRun(view: View, job: JobId, { spec, forms }: SpecVersion): boolean {
  return spec.groups.every((group) => {
    const form = forms.get(group.name)
    return form === undefined || group.count === 0 || pastOf(view, job, group.name, group.count, form).arrived.size > 0
  })
}

function backTo(job: JobView, at: number, versions: readonly SpecVersion[]): JobView {
  const made = jobs.get(job) ?? new Map<number, JobView>()
  jobs.set(job, made)
  const known = made.get(at)
  if (known !== undefined) return known
  const { spec, forms, version } = versions[at]!
  const back = { ...job, spec, forms, wentBackTo: version }
  made.set(at, back)
  return back
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

/** What boards say of one form of a group, by slot. */
interface Past {
  readonly failures: Map<SlotId, number>
  readonly arrived: Set<SlotId>
}

/** Of the first so many slots, by all members: who evicts a board takes its word away. */
function pastOf(view: View, job: JobId, group: string, count: number, form: Form): Past {
  const past: Past = { failures: new Map(), arrived: new Set() }
  for (const node of view.nodes.values()) {
    if (!isMember(node)) continue
    for (const { slot, index, verdict } of verdictsOn(node.verdicts).get(`${job}/${group} ${form}`) ?? nothing) {
      if (index >= count) continue
      if (verdict.failures > 0) past.failures.set(slot, (past.failures.get(slot) ?? 0) + verdict.failures)
      if (hasArrived(verdict)) past.arrived.add(slot)
    }
  }
  return past
}

interface SlotVerdict {
  readonly slot: SlotId
  readonly index: number
  readonly verdict: Verdict
}

const nothing: readonly SlotVerdict[] = []
const sorted = new WeakMap<NodeView['verdicts'], ReadonlyMap<string, readonly SlotVerdict[]>>()

/** A node's verdicts by group and form: most nodes say the same as when the last view was made. */
function verdictsOn(verdicts: NodeView['verdicts']): ReadonlyMap<string, readonly SlotVerdict[]> {
  const known = sorted.get(verdicts)
  if (known !== undefined) return known
  const byForm = new Map<string, SlotVerdict[]>()
  for (const [slot, ofSlot] of verdicts) {
    const { job, group, index } = slotParts(slot)
    for (const verdict of ofSlot) {
      const name = `${job}/${group} ${verdict.form}`
      byForm.set(name, [...(byForm.get(name) ?? nothing), { slot, index, verdict }])
    }
  }
  sorted.set(verdicts, byForm)
  return byForm
}
