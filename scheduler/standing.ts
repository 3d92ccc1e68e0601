// Who holds a slot: DESIGN section 6. The order reads the set of live claims and nothing else, so whoever merged what first,
// all agree. Nothing here may depend on which node asks.

import { compareText } from '../crdt/ids.ts'
import type { Form, Generation, NodeId, SlotId } from '../crdt/ids.ts'
import type { DisconnectPolicy } from '../crdt/spec.ts'
import { compareVersions, hasEnded } from '../crdt/view.ts'
import type { Claim, JobVersion, NodeView } from '../crdt/view.ts'
import { hashText, pairHash } from './rendezvous.ts'
import type { Standing } from './types.ts'

export interface StandingInput {
  readonly slot: SlotId
  /** All claims of the slot, in any order. */
  readonly claims: readonly Claim[]
  readonly nodes: ReadonlyMap<NodeId, NodeView>
  /** Form and version in force. */
  readonly form: Form
  readonly version: JobVersion
  /** Of a job whose complete copies are never run again. */
  readonly runsOnce: boolean
  readonly reconcile: DisconnectPolicy['reconcile']
  /** Claims up to this generation are to be stopped (`alloc stop`); 0: none. */
  readonly stopGeneration: Generation
  readonly rankOf: (node: NodeId) => number
  /** The node has been silent for longer than replace_after. */
  readonly isUnknown: (node: NodeId) => boolean
}

export const emptyStanding: Standing = { heir: null, holder: null, live: [], unknown: [], ahead: [], complete: null }

export function standing(input: StandingInput): Standing {
  if (input.claims.length === 0) return emptyStanding
  const live: Claim[] = []
  const unknown: Claim[] = []
  const ahead: Claim[] = []
  const complete = input.runsOnce ? completed(input.claims, input.form) : null
  for (const claim of input.claims) {
    if (!mayStand(claim, input)) continue
    // Of done work nobody is replaced, however long a silence lasts.
    if (complete === null && input.isUnknown(claim.node)) unknown.push(claim)
    else if (compareVersions(claim.version, input.version) > 0) ahead.push(claim)
    else live.push(claim)
  }
  if (live.length + unknown.length + ahead.length === 0) return complete === null ? emptyStanding : { ...emptyStanding, complete }
  sortClaims(live, input)
  sortClaims(unknown, input)
  sortClaims(ahead, input)
  const heir = live[0] ?? null
  return { heir, holder: live.find((claim) => claim.state === 'running') ?? heir, live, unknown, ahead, complete }
}

/**
 * The first of those that ended well at that form, whatever became of their nodes: what is done is done. Its job's version does not
 * matter, as long as the form is the one in force.
 */
function completed(claims: readonly Claim[], form: Form): Claim | null {
  const done = claims.filter((claim) => claim.state === 'complete' && claim.form === form)
  return done.sort((one, other) => one.generation - other.generation || compareText(one.node, other.node))[0] ?? null
}

/** Not ended, not sent away by an operator, and its node neither evicted nor gone for good. */
function mayStand(claim: Claim, input: StandingInput): boolean {
  if (hasEnded(claim) || claim.generation <= input.stopGeneration) return false
  const node = input.nodes.get(claim.node)
  return node !== undefined && !node.evicted && node.liveness !== 'left'
}

function sortClaims(claims: Claim[], input: StandingInput): void {
  if (claims.length < 2) return
  const marks = lostMarks(input.claims)
  const slotHash = hashText(input.slot)
  claims.sort(
    (a, b) =>
      Number(isLost(a, marks)) - Number(isLost(b, marks)) ||
      Number(isDraining(a, input)) - Number(isDraining(b, input)) ||
      Number(b.form === input.form) - Number(a.form === input.form) ||
      compareVersions(b.version, a.version) ||
      reconcileOrder(a, b, input) ||
      a.generation - b.generation ||
      pairHash(slotHash, hashText(a.node)) - pairHash(slotHash, hashText(b.node)) ||
      compareText(a.node, b.node),
  )
}

function reconcileOrder(a: Claim, b: Claim, input: StandingInput): number {
  switch (input.reconcile) {
    case 'best_score':
      return input.rankOf(b.node) - input.rankOf(a.node)
    case 'keep_original':
      return a.generation - b.generation
    case 'keep_replacement':
      return b.generation - a.generation
    case 'longest_running':
      return firstStart(a) - firstStart(b)
  }
}

function firstStart(claim: Claim): number {
  return claim.startedAt > 0 ? claim.startedAt : Number.MAX_SAFE_INTEGER
}

function isDraining(claim: Claim, input: StandingInput): boolean {
  return input.nodes.get(claim.node)?.draining ?? false
}

/** Union of the `lost` marks of all claims of a slot, whatever became of the claims that hold them. */
export function lostMarks(claims: readonly Claim[]): Map<NodeId, Generation> {
  const marks = new Map<NodeId, Generation>()
  for (const claim of claims) {
    for (const [node, generation] of claim.lost) marks.set(node, Math.max(marks.get(node) ?? 0, generation))
  }
  return marks
}

export function isLost(claim: Claim, marks: ReadonlyMap<NodeId, Generation>): boolean {
  return (marks.get(claim.node) ?? 0) >= claim.generation
}
