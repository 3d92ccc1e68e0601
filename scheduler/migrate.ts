// Copies that leave nodes which drain, as a function of the view: a copy is on its way from the moment at which another node claims its slot
// until the copy there is healthy, and of each group so many are on their way at once (`migrate.max_parallel`, docs/adr/0030).

import type { Form } from '../crdt/ids.ts'
import { type JobSpec, isRunOnce, migrateOf } from '../crdt/spec.ts'
import type { Claim, View } from '../crdt/view.ts'
import type { GroupRules } from './group.ts'
import type { SlotFacts } from './slots.ts'
import type { Standing } from './types.ts'

/** How many more copies of a group may set out, counted down as places for them are found. */
export interface Departures {
  left: number
}

/** Counted when somebody first asks: mostly nobody drains. */
export function departuresOf(facts: readonly SlotFacts[], rules: GroupRules, nodes: View['nodes']): Departures {
  // What ends by itself and has begun is not moved at all; what is moved nevertheless was never waited for.
  if (isRunOnce(rules.spec)) return { left: Number.MAX_SAFE_INTEGER }
  const onTheirWay = facts.filter(({ standing }) => isOnItsWay(standing, nodes)).length
  return { left: Math.max(0, migrateOf(rules.group).maxParallel - onTheirWay) }
}

/** Somebody runs it where it cannot stay. What never ran has nothing to lose by going. */
export function runsWhereItDrains({ live }: Standing, nodes: View['nodes']): boolean {
  return live.some((claim) => claim.state === 'running' && drains(claim, nodes))
}

/** What begins at the form goes on with what runs there. At another it is a step of a roll-out, and whether that is healthy `update` says. */
export function goesOn({ live }: Standing, form: Form, nodes: View['nodes']): boolean {
  return live.some((claim) => claim.form === form && claim.state === 'running' && drains(claim, nodes))
}

function isOnItsWay(standing: Standing, nodes: View['nodes']): boolean {
  const { heir, complete } = standing
  if (heir === null || complete !== null || heir.healthy || drains(heir, nodes)) return false
  return runsWhereItDrains(standing, nodes)
}

export function drains({ node }: Claim, nodes: View['nodes']): boolean {
  return nodes.get(node)?.draining === true
}

/** Whether a copy that runs on a node that drains waits for its heir to be healthy. Of copies that end by themselves nobody asks that. */
export function awaitsHealth(own: Claim, heir: Claim, nodes: View['nodes'], spec: JobSpec): boolean {
  return drains(own, nodes) && !heir.healthy && !isRunOnce(spec)
}
