// What an admin's next change of the fleet document builds on: all that stands, and nothing that has no effect. The owner of a stolen key
// signs as many concurrent changes as it likes and shows each board others; a change that named those of one board would have to wait
// for them on the next.

import type { Crypto } from '../crypto.ts'
import { cutTo } from '../cut-back.ts'
import type { Doc } from '../doc.ts'
import type { AuthorId, ChangeHash } from '../ids.ts'
import { limits } from '../limits.ts'
import { type HistoryEntry, historyOf } from '../replica-history.ts'
import { voidedFleetChanges } from './fleet-changes.ts'
import { type FleetRights, fleetRights } from './fleet-rights.ts'
import { toldBy } from './fleet-statements.ts'
import { contradicted } from './judge-doc.ts'
import { byHash, pastOf } from './past.ts'

/**
 * The fleet document to write to, made of the one that is here. `without`: also nothing of that key, and of those that are admins by its
 * word alone, but for what others have built upon. A revocation of the key that is made on it voids the rest.
 */
export function fleetBasis(crypto: Crypto, here: Doc, without?: AuthorId): Doc {
  const doc = here.judged?.of ?? here
  const rights = fleetRights(doc)
  const entries = historyOf(doc)
  const known = pastOf(byHash(entries), headsToJoin(entries, rights, without))
  const basis = known.size === entries.length ? doc : cutTo(crypto, doc, known)
  return contradicted(basis, rights.doc)
}

/** Those of the longest-standing admins first, when there are more than one change can name. */
function headsToJoin(entries: readonly HistoryEntry[], { voided, seniority }: FleetRights, without: AuthorId | undefined): ChangeHash[] {
  const left = without === undefined ? voided : new Set([...voided, ...voidedFleetChanges(toldBy(entries), without)])
  const standing = entries.filter(({ hash }) => !left.has(hash))
  // What stands by way of something void holds that in its past, so a head is one among all of these.
  const inner = new Set(
    pastOf(
      byHash(entries),
      standing.flatMap(({ deps }) => deps),
    ),
  )
  const heads = standing.filter(({ hash }) => !inner.has(hash))
  const rank = ({ author }: HistoryEntry): number => seniority.get(author) ?? Number.MAX_SAFE_INTEGER
  return heads
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, limits.fleetDepsAim)
    .map(({ hash }) => hash)
}
