// What the planner's codes mean, in words. The code itself is always shown too: it is what documentation and scripts speak of. A
// code that this version does not know (a newer agent's) is shown alone.

const sentences: Readonly<Record<string, string>> = {
  // why a slot has no candidate
  'no-node-feasible': 'no node can take it',
  preempted: 'it made room for a copy of higher priority, and no other node can take it',
  'waiting-replace-after': 'its node fell silent; waiting for replace_after before it is replaced',
  'waiting-reschedule': 'it failed; waiting before the next try',
  'reschedule-exhausted': 'it failed as often as its reschedule policy allows',
  'replace-disabled': 'its node is silent and the group says disconnect.replace: false',
  'partition-half': 'this side sees less than half of the eligible nodes, so it replaces nothing',
  paced: 'many nodes fell silent at once; replacements are paced',
  'node-alone': 'this node hears nobody, and stop_on_client_after stops such copies here',
  'waiting-successor': 'its board was replaced, and the one in its place is not alive here yet; waiting for replace_after',
  'held-back': 'runs what a void edit of a revoked key asked for, until an admin says what to do: shoal job voided',
  'rollout-waits': 'waiting for its turn in the rolling update (update.max_parallel)',
  'migrate-waits': 'its node drains; as many copies as migrate.max_parallel says are on their way already',
  'rollout-paused': 'it runs an older version, and an operator has paused the roll-out: shoal job resume',
  'waiting-promotion': 'it is healthy, and its version waits for a promotion: shoal job promote, or auto_promote',
  'node-closed': 'its node is away, drains or takes nothing new',
  'run-over': 'a later run has begun, or its horizon has passed: no copy of it begins any more',
  // why a run of a periodic job does not begin
  'no-trusted-time':
    'this board does not know the time: its clock was never set, and no board that it hears knows better (periodic.without_time)',
  'zone-unknown': 'this board does not know the time zone of the job',
  'run-overlaps': 'an earlier run still runs (periodic.prohibit_overlap)',
  'run-missed': 'nobody could begin it in time (periodic.missed, periodic.horizon)',
  'job-not-valid': 'no version of the job validates',
  'plan-version-unknown': 'the fleet uses a plan version that this agent does not know; update the agent',
  'job-version-unknown': 'a newer version of the job has not arrived here yet',
  // what a copy on a node that drains waits for
  'not-moved': 'it has not moved yet',
  'system-stays': 'of a system job, and these stay there',
  'system-last': 'of a system job; it stops once nothing else is left there',
  'ends-by-itself': 'its work has begun and ends by itself',
  'node-silent': 'its node is silent; it drains once it is back',
  'job-unknown': 'nothing is known here of what its job wants',
  // why a node cannot take a slot
  evicted: 'the node is evicted',
  left: 'the node has left',
  clones: 'two machines run with its key: shoal node evict NODE --clone ID says which one goes',
  'not-alive': 'the node is not alive',
  ineligible: 'the node is not eligible',
  draining: 'the node is draining',
  'wrong-pool': 'the node is in another pool',
  'plan-version': 'the node does not know the fleet’s plan version',
  'max-allocs': 'it holds as many copies as its owner allows (max_allocs)',
  'document-full': 'its document holds as many claims as it can tell of',
  constraint: 'a constraint does not match',
  'distinct-hosts': 'another copy runs there (distinct_hosts)',
  'distinct-property': 'as many copies as are allowed run on nodes that share its value (distinct_property)',
  'driver-missing': 'the driver is not there',
  'driver-unhealthy': 'the driver is not healthy',
  'device-missing': 'it has no such device that its owner lets jobs have',
  'device-faulty': 'it can give no such device now',
  'device-taken': 'other copies have its devices',
  'port-taken': 'a static port is taken',
  'cpu-exhausted': 'not enough CPU',
  'memory-exhausted': 'not enough memory',
  'disk-exhausted': 'not enough disk',
  'holds-slot': 'it holds the slot already',
  'failed-here': 'it failed there before',
  overdue: 'it did not claim the slot in time',
}

/** `no-node-feasible (no node can take it)`; a code may carry its own words behind a colon. */
export function reasonText(reason: string): string {
  const code = reason.split(':', 1)[0] ?? reason
  const words = sentences[code]
  return words === undefined ? reason : `${reason} (${words})`
}

/** Reasons that do not go away by waiting: a roll-out that has only these left is over. */
const lasting = new Set([
  'no-node-feasible',
  'preempted',
  'node-closed',
  'reschedule-exhausted',
  'replace-disabled',
  'partition-half',
  'job-not-valid',
  'plan-version-unknown',
])

export function isLasting(reason: string): boolean {
  return lasting.has(reason.split(':', 1)[0] ?? reason)
}
