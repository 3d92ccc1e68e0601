// The agent's next version, as far as it matters to a fleet in which not every board has it yet: it knows one plan more. As long as the
// fleet's number is not raised it plans as all others do. By its new plan another copy stays after a heal: the original, where an operator
// asked for anything but that, and there the replacement.

import type { DisconnectPolicy, JobSpec } from '../crdt/spec.ts'
import type { FleetView, JobView, NodeView, View } from '../crdt/view.ts'
import { createCore } from '../node/core/step.ts'
import { schedulerLimits } from '../scheduler/limits.ts'
import { plan } from '../scheduler/plan.ts'
import { recall } from './interned.ts'

export const nextPlanVersion = schedulerLimits.planVersion + 1

export const createNextCore: typeof createCore = (env) => createCore({ ...env, plan: nextPlan, planVersion: nextPlanVersion })

const nextPlan: typeof plan = (view, local, before) =>
  plan(view.fleet.planVersion === nextPlanVersion ? recall(views, view, asKnown) : view, local, before)

/** What a plan of that version makes of an operator's word. */
export function reconcileBy(planVersion: number, reconcile: DisconnectPolicy['reconcile']): DisconnectPolicy['reconcile'] {
  if (planVersion < nextPlanVersion) return reconcile
  return reconcile === 'keep_original' ? 'keep_replacement' : 'keep_original'
}

// The same for what is the same object: a plan starts from the one before by what is not.
const views = new WeakMap<View, View>()
const fleets = new WeakMap<FleetView, FleetView>()
const nodeMaps = new WeakMap<View['nodes'], View['nodes']>()
const nodeViews = new WeakMap<NodeView, NodeView>()
const jobMaps = new WeakMap<View['jobs'], View['jobs']>()
const jobViews = new WeakMap<JobView, JobView>()

/** The view as the plan of today can read it: numbers one lower, and with them who may take new work; and the words for what stays. */
function asKnown(view: View): View {
  return {
    ...view,
    fleet: recall(fleets, view.fleet, lowered),
    nodes: recall(nodeMaps, view.nodes, (nodes) => mapped(nodes, (node) => recall(nodeViews, node, lowered))),
    jobs: recall(jobMaps, view.jobs, (jobs) => mapped(jobs, (job) => recall(jobViews, job, reworded))),
  }
}

function lowered<T extends { readonly planVersion: number }>(known: T): T {
  return { ...known, planVersion: known.planVersion - 1 }
}

function reworded(job: JobView): JobView {
  return job.spec === null ? job : { ...job, spec: withOtherWords(job.spec) }
}

function withOtherWords(spec: JobSpec): JobSpec {
  const groups = spec.groups.map((group) => {
    const reconcile = reconcileBy(nextPlanVersion, group.disconnect.reconcile)
    return { ...group, disconnect: { ...group.disconnect, reconcile } }
  })
  return { ...spec, groups }
}

function mapped<K, V>(map: ReadonlyMap<K, V>, change: (value: V) => V): ReadonlyMap<K, V> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
