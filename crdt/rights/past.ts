// Before and after, among the changes of one document.

import type { ChangeHash } from '../ids.ts'
import type { HistoryEntry } from '../replica-history.ts'

export type ByHash = ReadonlyMap<ChangeHash, HistoryEntry>

export function byHash(entries: readonly HistoryEntry[]): ByHash {
  return new Map(entries.map((entry) => [entry.hash, entry]))
}

/** These changes and all that they build on, as far as it is known here. */
export function pastOf(known: ByHash, heads: readonly ChangeHash[]): ReadonlySet<ChangeHash> {
  const past = new Set(heads.filter((head) => known.has(head)))
  // A Set is walked on to what is added meanwhile.
  for (const hash of past) for (const dep of known.get(hash)?.deps ?? []) past.add(dep)
  return past
}

/** All changes that build on this one; `entries` in causal order. */
export function after(entries: readonly HistoryEntry[], first: HistoryEntry): ReadonlySet<ChangeHash> {
  const found = new Set<ChangeHash>()
  for (const { hash, deps } of entries) if (deps.some((dep) => dep === first.hash || found.has(dep))) found.add(hash)
  return found
}
