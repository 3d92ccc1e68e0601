// Who may write what, as the fleet document says: the one place where the rest asks. Two answers for a key: what it was ever granted
// by anything that was admitted (the gate asks that, so that all replicas take the same), and what stands.

import type { Doc } from '../doc.ts'
import type { AuthorId, ChangeHash } from '../ids.ts'
import { type HistoryEntry, historyOf } from '../replica-history.ts'
import { voidedFleetChanges } from './fleet-changes.ts'
import { type Seniority, type ToldEntry, seniorityOf, toldBy } from './fleet-statements.ts'
import { type Grant, widen } from './grant.ts'
import { byHash, knowledgeOf, pastOf } from './past.ts'
import { thresholdAfter, thresholdIn } from './proposals.ts'
import { recoveryIn } from './signing.ts'
import { readWithout } from './without.ts'

export interface FleetRights {
  /** The fleet document without its void changes. */
  readonly doc: Doc
  readonly voided: ReadonlySet<ChangeHash>
  readonly revoked: ReadonlySet<AuthorId>
  /** What stands, of keys that are not revoked. */
  readonly now: ReadonlyMap<AuthorId, Grant>
  /** What stands, of revoked keys too: what an admin vouched for was written under it. */
  readonly standing: ReadonlyMap<AuthorId, Grant>
  /** By any change, void or not. Only grows while changes come. */
  readonly ever: ReadonlyMap<AuthorId, Grant>
  readonly seniority: Seniority
  /** Envelopes of revoked keys whose epochs stand. */
  readonly kept: ReadonlySet<string>
  /** How many admins sign a change of who rules the fleet. */
  readonly threshold: number
  /** The key that signs such a change alone. */
  readonly recovery: AuthorId | undefined
}

const remembered = new WeakMap<Doc, FleetRights>()

export function fleetRights(doc: Doc): FleetRights {
  const known = remembered.get(doc)
  if (known !== undefined) return known
  const rights = readRights(doc)
  remembered.set(doc, rights)
  return rights
}

function readRights(doc: Doc): FleetRights {
  const entries = historyOf(doc)
  const told = toldBy(entries)
  const voided = voidedFleetChanges(told)
  const standing = standingOf(told, voided)
  const stated = statedBy(standing)
  const ever = voided.size === 0 ? stated.grants : statedBy(told).grants
  const judged =
    voided.size === 0 ? doc : { ...doc, ...readWithout(entries, voided), judged: { of: doc, voided, released: new Set<ChangeHash>() } }
  return {
    doc: judged,
    voided,
    revoked: stated.revoked,
    now: withoutKeys(stated),
    standing: stated.grants,
    ever,
    seniority: seniorityOf(told),
    kept: keptBy(standing, stated.revoked),
    threshold: thresholdOf(standing, entries),
    recovery: recoveryIn(told),
  }
}

/** By admins that are none any more nothing is: a thief could name envelopes that it has yet to show. */
function keptBy(told: readonly ToldEntry[], revoked: ReadonlySet<AuthorId>): ReadonlySet<string> {
  const kept = new Set<string>()
  for (const { entry } of told)
    if (!revoked.has(entry.author))
      for (const path of entry.writes.keys()) if (path.startsWith('kept/')) kept.add(path.slice('kept/'.length))
  return kept
}

function thresholdOf(standing: readonly ToldEntry[], entries: readonly HistoryEntry[]): number {
  const set = standing.map(({ entry }) => entry).filter(({ writes }) => thresholdIn(writes) !== null)
  return set.length === 0 ? 1 : thresholdAfter(set, knowledgeOf(entries))
}

interface Stated {
  readonly grants: ReadonlyMap<AuthorId, Grant>
  readonly revoked: ReadonlySet<AuthorId>
}

function standingOf(told: readonly ToldEntry[], voided: ReadonlySet<ChangeHash>): readonly ToldEntry[] {
  return voided.size === 0 ? told : told.filter(({ entry }) => !voided.has(entry.hash))
}

function statedBy(told: readonly ToldEntry[]): Stated {
  const grants = new Map<AuthorId, Grant>()
  const revoked = new Set<AuthorId>()
  const withRole = new Set<AuthorId>()
  for (const stated of told) {
    for (const [id, grant] of stated.grants) {
      grants.set(id, widen(grants.get(id), grant))
      if (grant.role !== undefined) withRole.add(id)
    }
    for (const id of stated.revokes) revoked.add(id)
  }
  // A pattern alone says where, not what: without a role it is no right at all.
  for (const id of grants.keys()) if (!withRole.has(id)) grants.delete(id)
  return { grants, revoked }
}

function withoutKeys({ grants, revoked }: Stated): ReadonlyMap<AuthorId, Grant> {
  return revoked.size === 0 ? grants : new Map([...grants].filter(([id]) => !revoked.has(id)))
}

/** Whether the key was an admin to somebody who knew these changes of the fleet document and nothing else. */
export function wasAdminAt(doc: Doc, heads: readonly ChangeHash[], key: AuthorId): boolean {
  const entries = historyOf(doc)
  const past = pastOf(byHash(entries), heads)
  // The usual case, and remembered.
  if (past.size === entries.length) return fleetRights(doc).now.get(key)?.role === 'admin'
  const seen = toldBy(entries.filter(({ hash }) => past.has(hash)))
  return withoutKeys(statedBy(standingOf(seen, voidedFleetChanges(seen)))).get(key)?.role === 'admin'
}
