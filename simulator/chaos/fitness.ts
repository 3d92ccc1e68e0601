// Whether a board is one that a job asks for, and how much it is preferred: from the specification and what the board's own
// configuration says. The rules use it; the plan is not asked.

import type { Constraint, GroupSpec, JobSpec } from '../../crdt/spec.ts'
import type { NodeView } from '../../crdt/view.ts'
import { asksDistinctHosts, testOf } from '../../scheduler/constraints.ts'

function constraintsOf(spec: JobSpec | null, group: GroupSpec): readonly Constraint[] {
  return [...(spec?.constraints ?? []), ...group.constraints, ...group.tasks.flatMap((task) => task.constraints)]
}

export function isAskedFor(spec: JobSpec | null, group: GroupSpec, node: NodeView): boolean {
  return constraintsOf(spec, group).every((constraint) => isMet(constraint, node))
}

const equalLabel = /^\$\{label\.([\w-]+)\}$/

/** The plainest of them read once more, apart from the scheduler: whatever that gets wrong is noticed here. */
function isMet(constraint: Constraint, node: NodeView): boolean {
  const [, label] = equalLabel.exec(constraint.attribute) ?? []
  return label !== undefined && constraint.operator === '=' ? node.labels[label] === constraint.value : testOf(constraint)(node)
}

/** No two copies on one board: of the whole job, of the group, or no such wish. */
export function apartness(spec: JobSpec | null, group: GroupSpec): 'job' | 'group' | null {
  if (asksDistinctHosts(spec?.constraints ?? [])) return 'job'
  return asksDistinctHosts(constraintsOf(spec, group)) ? 'group' : null
}

/** In points, -1 to 1: matched weights over all weights. */
export function preference(spec: JobSpec, group: GroupSpec, node: NodeView): number {
  const affinities = [...spec.affinities, ...group.affinities, ...group.tasks.flatMap((task) => task.affinities)]
  const total = affinities.reduce((sum, { weight }) => sum + Math.abs(weight), 0)
  const matched = affinities.reduce((sum, affinity) => sum + (testOf(affinity)(node) ? affinity.weight : 0), 0)
  return total === 0 ? 0 : matched / total
}
