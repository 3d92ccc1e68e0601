// When this node first saw each failure: the reschedule delay counts from there, because no two boards' clocks agree. What counts as a
// failure is the scheduler's `history.ts`; the two must agree, or a slot would wait for ever. After long health they are forgotten.

import { type Form, type Generation, type SlotId, slotParts } from '../../crdt/ids.ts'
import type { Claim, Verdict } from '../../crdt/view.ts'
import { canaryKey, editionOf, isCanary, isCanaryKey, slotOfKey } from '../../scheduler/canaries.ts'
import { failingIn } from './failing.ts'
import { coreLimits } from './limits.ts'
import { type FailedSlot, type State, type Step, writeOwnSoon } from './state.ts'

/** Remembers when this node first saw each new failure, for the reschedule delay. */
export function noteFailures({ env, state, now }: Step): void {
  state.failing = (env.failingIn ?? failingIn)(state.view, state.failing)
  const failures = new Map<SlotId, Tally>()
  for (const [node, slots] of state.failing.judged) {
    for (const slot of slots) {
      for (const key of keysOf(state, slot)) {
        const form = wantedForm(state, key)
        const verdicts = state.view.nodes.get(node)?.verdicts.get(slot)
        const verdict = verdicts?.find((one) => one.form === form)
        if (verdict !== undefined && verdict.failures > 0) count(failures, key, verdict.failures, verdict.generation)
      }
    }
  }
  for (const slot of state.failing.failed) {
    // A claim may fail without a verdict: its board forgot what it was to run.
    for (const claim of state.view.claims.get(slot) ?? [])
      if (claim.state === 'failed' && !isJudged(state, claim)) count(failures, keyOf(state, claim), 1, claim.generation)
  }
  for (const key of [...state.failedSince.keys()]) if (!failures.has(key)) state.failedSince.delete(key)
  for (const [key, tally] of failures) state.failedSince.set(key, seenNow(state, key, tally, now))
}

/** The slot, and its canary if it has one: each is tried again by itself. */
function keysOf({ view }: State, slot: SlotId): readonly SlotId[] {
  const { job, group, index } = slotParts(slot)
  const canaries = view.jobs.get(job)?.canaries?.get(group)
  return canaries !== undefined && index < canaries.count ? [slot, canaryKey(slot)] : [slot]
}

function keyOf({ view }: State, { slot, form }: Claim): SlotId {
  const { job, group, index } = slotParts(slot)
  const about = view.jobs.get(job)
  return about !== undefined && isCanary(about, group, index, form) ? canaryKey(slot) : slot
}

/** Of one slot or canary, over all boards. */
interface Tally {
  readonly failures: number
  readonly newest: Generation
}

function count(tallies: Map<SlotId, Tally>, slot: SlotId, failures: number, newest: Generation): void {
  const before = tallies.get(slot) ?? { failures: 0, newest: 0 }
  tallies.set(slot, { failures: before.failures + failures, newest: Math.max(before.newest, newest) })
}

function seenNow(state: State, key: SlotId, { failures, newest }: Tally, now: number): FailedSlot {
  const form = wantedForm(state, key)
  const seen = state.failedSince.get(key)
  const isSame = seen !== undefined && seen.form === form
  // Fewer than before: a board has forgotten its own, which is no news. It may have failed anew since, which is.
  const known = isSame && failures <= seen.failures && newest <= seen.newest ? seen : { at: now, healthySince: null }
  return { form, failures, newest, at: known.at, healthySince: isHealthy(state, slotOfKey(key), form) ? (known.healthySince ?? now) : null }
}

function wantedForm({ view }: State, key: SlotId): Form {
  const { job, group } = slotParts(key)
  const about = view.jobs.get(job)
  return (isCanaryKey(key) ? about?.canaries?.get(group)?.form : about?.forms.get(group)) ?? ('' as Form)
}

function isHealthy(state: State, slot: SlotId, form: Form): boolean {
  const { claims, nodes } = state.view
  return (claims.get(slot) ?? []).some((claim) => claim.healthy && claim.form === form && nodes.get(claim.node)?.liveness === 'alive')
}

/**
 * Nomad counts attempts within an interval, and starts delays anew after a run longer than the longest. No two boards agree on times,
 * so each forgets its own failures of a slot that has been healthy for that long.
 */
export function forgetFailures(step: Step): void {
  const { state } = step
  for (const [key, seen] of state.failedSince) {
    const slot = slotOfKey(key)
    if (forgetAt(state, slot, seen) > step.now) continue
    const last = state.ended.get(slot)
    // Its generation must not be used again: the claim that came after it may go with a disk.
    if (last?.state === 'failed' && last.form === seen.form)
      state.ended.set(slot, { ...last, state: 'stopped', reason: `forgiven: ${last.reason}` })
    const kept = (state.verdicts.get(slot) ?? []).flatMap((one) => (one.form === seen.form ? forgiven(one) : [one]))
    if (kept.length > 0) state.verdicts.set(slot, kept)
    else state.verdicts.delete(slot)
    writeOwnSoon(step, coreLimits.ownProgressDelayMs)
  }
}

function forgiven(verdict: Verdict): Verdict[] {
  return verdict.verdict === 'healthy' ? [{ ...verdict, failures: 0 }] : []
}

/** When `forgetFailures` is next due. */
export function failuresDeadline(state: State): number {
  let at = never
  for (const [key, seen] of state.failedSince) at = Math.min(at, forgetAt(state, slotOfKey(key), seen))
  return at
}

const never = Number.MAX_SAFE_INTEGER

/** Only for failures on this board: the others see to theirs. */
function forgetAt(state: State, slot: SlotId, { form, healthySince }: FailedSlot): number {
  if (healthySince === null) return never
  const last = state.ended.get(slot)
  const isOwn =
    state.verdicts.get(slot)?.some((verdict) => verdict.form === form && verdict.failures > 0) === true ||
    (last?.state === 'failed' && last.form === form)
  const { job, group } = slotParts(slot)
  const policy = editionOf(state.view.jobs.get(job), group, form)?.group.reschedule
  return isOwn && policy !== undefined ? healthySince + Math.max(policy.intervalMs, policy.maxDelayMs) : never
}

function isJudged(state: State, claim: Claim): boolean {
  return isFailureJudged(state.view.nodes.get(claim.node)?.verdicts.get(claim.slot), claim)
}

/** A verdict counts the failure already. */
export function isFailureJudged(verdicts: readonly Verdict[] | undefined, claim: Claim): boolean {
  return verdicts?.some((verdict) => verdict.form === claim.form && verdict.failures > 0) === true
}
