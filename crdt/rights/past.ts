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

/** Whether a change of these has another in its past, or is it. */
export type Knows = (later: ChangeHash, earlier: ChangeHash) => boolean

/**
 * One bit for each pair, so that a history is judged in one walk, whatever its shape; ten thousand changes are 6 MB of bits.
 * `entries`: in causal order, with all that they build on.
 */
export function knowledgeOf(entries: readonly HistoryEntry[]): Knows {
  const places = new Map(entries.map(({ hash }, place) => [hash, place]))
  const pasts: Uint32Array[] = []
  for (const [place, { deps }] of entries.entries()) {
    const past = new Uint32Array((place >>> 5) + 1)
    past[place >>> 5] = 1 << (place & 31)
    for (const dep of deps) {
      const before = pasts[places.get(dep) ?? -1]
      if (before !== undefined) for (const [index, bits] of before.entries()) past[index]! |= bits
    }
    pasts.push(past)
  }
  return (later, earlier) => {
    const place = places.get(earlier)
    const past = pasts[places.get(later) ?? -1]
    return place !== undefined && past !== undefined && ((past[place >>> 5] ?? 0) & (1 << (place & 31))) !== 0
  }
}
