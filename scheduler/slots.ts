// What is known of a wanted slot before anybody judges it: its claims, its past at the form in force, and who stands. The answer lasts
// until something that it was read from changes, or until a silent node's claims become unknown.

import type { SlotId } from '../crdt/ids.ts'
import { isRunOnce } from '../crdt/spec.ts'
import type { Claim, View } from '../crdt/view.ts'
import type { Boards } from './boards.ts'
import { ownClaims } from './canaries.ts'
import { isUnknown } from './disconnect.ts'
import type { GroupRules } from './group.ts'
import { type History, type NodeVerdict, type VerdictsBySlot, historyOf, nextGeneration, noHistory } from './history.ts'
import { baseRank, failurePenalty } from './rank.ts'
import { emptyStanding, standing } from './standing.ts'
import type { Local, Standing } from './types.ts'

export interface SlotFacts {
  readonly claims: readonly Claim[]
  /** Those of its canary, too, or of what this canary runs beside: a node has one claim of a slot at most. */
  readonly taken: readonly Claim[]
  readonly history: History
  readonly standing: Standing
  /** 1 + the highest generation seen of the slot. */
  readonly nextGeneration: number
  /** Monotonic ms at which silence changes who stands, if nothing else does before. */
  readonly until: number
}

const noClaims: readonly Claim[] = []
const noVerdicts: readonly NodeVerdict[] = []
/** Monotonic ms that no clock reaches, and that every clock has passed. */
export const never = Number.MAX_SAFE_INTEGER
export const already = Number.MIN_SAFE_INTEGER
/** A slot that nobody ever claimed. */
const untouched: SlotFacts = {
  claims: noClaims,
  taken: noClaims,
  history: noHistory,
  standing: emptyStanding,
  nextGeneration: 1,
  until: never,
}

export interface SlotSources {
  readonly view: View
  readonly local: Local
  readonly boards: Boards
  readonly verdicts: VerdictsBySlot
}

export function factsOf(rules: GroupRules, slot: SlotId, index: number, sources: SlotSources): SlotFacts {
  const taken = sources.view.claims.get(slot) ?? noClaims
  const verdicts = sources.verdicts.get(slot) ?? noVerdicts
  const wished = rules.job.wishes.get(slot)?.stopGeneration ?? 0
  if (taken.length === 0 && verdicts.length === 0 && wished === 0) return untouched
  const claims = ownClaims(rules, index, taken)
  const history = historyOf(rules.form, claims, verdicts)
  const stands = claims.length === 0 ? emptyStanding : standingOf(rules, slot, claims, history, sources)
  return {
    claims,
    taken,
    history,
    standing: stands,
    nextGeneration: nextGeneration(taken, verdicts, wished),
    until: lastsUntil(rules, stands, sources),
  }
}

/** Whoever is silent and not unknown yet will be. A silence that nobody counts is looked at every time. */
export function lastsUntil(
  rules: GroupRules,
  { live, ahead, complete }: Standing,
  { view, local }: Pick<SlotSources, 'view' | 'local'>,
): number {
  if (complete !== null) return never
  let until = never
  for (const claims of [live, ahead]) {
    for (const { node } of claims) {
      if (view.nodes.get(node)?.liveness === 'alive') continue
      const since = local.silentSince.get(node)
      until = Math.min(until, since === undefined ? already : since + rules.group.disconnect.replaceAfterMs)
    }
  }
  return until
}

export function standingOf(
  rules: GroupRules,
  slot: SlotId,
  claims: readonly Claim[],
  history: History,
  sources: Omit<SlotSources, 'verdicts'>,
): Standing {
  const { view, local, boards } = sources
  return standing({
    slot,
    claims,
    nodes: view.nodes,
    form: rules.form,
    version: rules.job.version,
    runsOnce: isRunOnce(rules.spec),
    reconcile: rules.group.disconnect.reconcile,
    stopGeneration: rules.job.wishes.get(slot)?.stopGeneration ?? 0,
    rankOf: (node) =>
      baseRank(rules.affinities, boards, boards.indexOf.get(node) ?? -1) - failurePenalty(history.failuresOn.get(node) ?? 0),
    isUnknown: (node) => isUnknown(view.nodes.get(node), rules.group.disconnect, local),
  })
}
