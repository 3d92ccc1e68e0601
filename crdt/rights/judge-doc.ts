// What stands in a job's or ops document. Its changes have no causal tie to the fleet document, so an edit of a revoked key stands only
// where an admin vouched for it: by a change that stands itself, names the key and has the edit in its past.

import type { Doc } from '../doc.ts'
import { isPeerId } from '../ids.ts'
import type { AuthorId, ChangeHash } from '../ids.ts'
import { type HistoryEntry, historyOf } from '../replica-history.ts'
import { covers } from './grant.ts'
import type { FleetRights } from './fleet-rights.ts'
import { byHash, pastOf } from './past.ts'
import { readWithout } from './without.ts'

export const wordPaths = {
  /** What this key wrote, as far as this change knows it, stands. */
  vouch: (key: AuthorId): string => `vouch/${key}`,
  /** What this key wrote, as far as this change knows it, is given up: nothing is held for it. */
  release: (key: AuthorId): string => `release/${key}`,
} as const

const judgedBefore = new WeakMap<FleetRights, WeakMap<Doc, Doc>>()

/** The document without its void changes; itself if it has none. The fleet's own is in its rights. */
export function judgeDoc(doc: Doc, rights: FleetRights): Doc {
  if (doc.kind === 'node' || doc.kind === 'fleet' || isSound(doc, rights)) return doc
  let known = judgedBefore.get(rights)
  if (known === undefined) judgedBefore.set(rights, (known = new WeakMap()))
  const before = known.get(doc)
  if (before !== undefined) return before
  const entries = historyOf(doc)
  const { voided, released } = voidedEdits(doc, entries, rights)
  const judged = voided.size === 0 ? doc : { ...doc, ...readWithout(entries, voided), judged: { of: doc, voided, released } }
  known.set(doc, judged)
  return judged
}

/** The document to write to. The fleet's is in `basis.ts`. */
export function toEdit(doc: Doc): Doc {
  return doc.judged === undefined ? doc : contradicted(doc.judged.of, doc)
}

/** What void changes wrote counts as if somebody contradicted it, so that writing the same value is a change. */
export function contradicted(raw: Doc, judged: Doc): Doc {
  const conflicts = new Map(raw.conflicts)
  for (const [path, value] of raw.registers) {
    const standing = judged.registers.get(path) ?? null
    if (standing !== value && !conflicts.has(path)) conflicts.set(path, [standing])
  }
  return conflicts.size === raw.conflicts.size ? raw : { ...raw, conflicts }
}

/** Every author has a right that stands: nothing to look for. */
function isSound(doc: Doc, rights: FleetRights): boolean {
  for (const { author } of doc.clock.values()) if (!mayWriteNow(doc, rights, author)) return false
  return true
}

function mayWriteNow(doc: Doc, { now }: FleetRights, author: AuthorId): boolean {
  const grant = now.get(author)
  return grant !== undefined && covers(grant, { kind: doc.kind, doc: doc.id, pool: doc.pool })
}

interface Words {
  readonly voided: ReadonlySet<ChangeHash>
  /** Those of them that an admin has given up. */
  readonly released: ReadonlySet<ChangeHash>
}

function voidedEdits(doc: Doc, entries: readonly HistoryEntry[], rights: FleetRights): Words {
  const known = byHash(entries)
  const target = { kind: doc.kind, doc: doc.id, pool: doc.pool }
  const vouched = new Map<AuthorId, Set<ChangeHash>>()
  const given = new Map<AuthorId, Set<ChangeHash>>()
  const voided = new Set<ChangeHash>()
  const authorOf = new Map(entries.map(({ hash, author }) => [hash, author]))
  // Latest first: whoever vouches for a change has it in its past.
  for (const { hash, author, writes } of entries.toReversed()) {
    const grant = rights.standing.get(author)
    const isStanding =
      grant !== undefined && covers(grant, target) && (!rights.revoked.has(author) || vouched.get(author)?.has(hash) === true)
    if (!isStanding) {
      voided.add(hash)
      continue
    }
    if (grant.role !== 'admin') continue
    for (const [path, value] of writes) {
      const [word, key = ''] = path.split('/')
      if ((word !== 'vouch' && word !== 'release') || typeof value !== 'number' || !isPeerId(key)) continue
      const words = word === 'vouch' ? vouched : given
      const covered = words.get(key as AuthorId) ?? new Set()
      for (const past of pastOf(known, [hash])) covered.add(past)
      words.set(key as AuthorId, covered)
    }
  }
  const released = [...voided].filter((hash) => given.get(authorOf.get(hash)!)?.has(hash) === true)
  return { voided, released: new Set(released) }
}
