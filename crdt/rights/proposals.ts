// Changes of the fleet document that several admins sign: one proposes what shall be written, others approve that very change by its hash,
// and whoever signs last writes it. So a change that has an effect has all its signatures in its past, and what was signed cannot be another.

import { approvalPrefix, fleetPaths, proposalPrefix } from '../documents/fleet.ts'
import { decodePart } from '../documents/path-part.ts'
import { type ChangeHash, compareText } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import type { HistoryEntry } from '../replica-history.ts'
import type { Knows } from './past.ts'

type Writes = ReadonlyMap<string, Scalar>

/** Whoever rules a fleet, and by which keys boards are met: a thief who could change these would keep what it stole. Revoking an admin is asked of who is one. */
export function isGuarded(writes: Writes): boolean {
  for (const [path, value] of writes) {
    const [kind, name, field] = path.split('/')
    if (kind === 'operator' && field === 'role' && value === 'admin') return true
    if (kind === 'recovery' || kind === 'admission' || (kind === 'x' && (name === 'psk' || name === 'threshold'))) return true
  }
  return false
}

/** null: it sets none. */
export function thresholdIn(writes: Writes): number | null {
  const value = writes.get(fleetPaths.threshold)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : null
}

/** What a change proposes, if that is all that it does. */
export function proposedIn(writes: Writes): Writes | null {
  const names = new Set<string>()
  const proposed = new Map<string, Scalar>()
  for (const [path, value] of writes) {
    if (!path.startsWith(`${proposalPrefix}/`)) return null
    const [name = '', part = '', ...rest] = path.slice(proposalPrefix.length + 1).split('/')
    if (rest.length > 0) return null
    names.add(name)
    proposed.set(decodePart(part), value)
  }
  return names.size === 1 ? proposed : null
}

/** The proposals that a change approves, if that is all that it does. */
export function approvedIn(writes: Writes): readonly ChangeHash[] {
  const paths = [...writes.keys()]
  if (!paths.every((path) => path.startsWith(`${approvalPrefix}/`))) return []
  return paths.map((path) => path.slice(approvalPrefix.length + 1) as ChangeHash)
}

export interface Proposal {
  readonly entry: HistoryEntry
  readonly writes: Writes
  /** Itself, and what approves it with it in its past. */
  readonly signatures: readonly HistoryEntry[]
}

/** All that were ever made, whether or not they stand. */
export function proposalsIn(entries: readonly HistoryEntry[], knows: Knows): readonly Proposal[] {
  const approvals = new Map<ChangeHash, HistoryEntry[]>()
  for (const entry of entries) for (const hash of approvedIn(entry.writes)) listed(approvals, hash).push(entry)
  return entries.flatMap((entry) => {
    const writes = proposedIn(entry.writes)
    if (writes === null) return []
    const approved = (approvals.get(entry.hash) ?? []).filter(({ hash }) => knows(hash, entry.hash))
    return [{ entry, writes, signatures: [entry, ...approved] }]
  })
}

export function listed<K, V>(lists: Map<K, V[]>, key: K): V[] {
  const known = lists.get(key)
  if (known !== undefined) return known
  const list: V[] = []
  lists.set(key, list)
  return list
}

/** The same for changes that say the same, and for no others. */
export function contentOf(writes: Writes): string {
  return JSON.stringify([...writes].sort(([a], [b]) => compareText(a, b)))
}

export function saysTheSame(a: Writes, b: Writes): boolean {
  return a.size === b.size && [...a].every(([path, value]) => b.has(path) && b.get(path) === value)
}

/** Whether this change puts that proposal into effect, if it stands. */
export function isEnactedBy({ hash, writes }: HistoryEntry, { entry, writes: proposed }: Proposal, knows: Knows): boolean {
  return entry.hash !== hash && saysTheSame(proposed, writes) && knows(hash, entry.hash)
}

/** In force after these changes, which all stand: that which no later one has replaced; of two that were set beside one another the higher. */
export function thresholdAfter(entries: readonly HistoryEntry[], knows: Knows): number {
  const set = entries.flatMap(({ hash, writes }) => {
    const value = thresholdIn(writes)
    return value === null ? [] : [{ hash, value }]
  })
  const latest = set.filter(({ hash }) => !set.some((other) => other.hash !== hash && knows(other.hash, hash)))
  return Math.max(1, ...latest.map(({ value }) => value))
}
