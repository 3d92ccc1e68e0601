// Whom a key that is revoked had given rights: what of that stands, for people to decide about.

import { historyOf } from '../../crdt/replica.ts'
import type { AuthorId, OperatorId } from '../../crdt/ids.ts'
import type { FleetRights } from '../../crdt/rights/fleet-rights.ts'
import { fleetStatementsOf } from '../../crdt/rights/fleet-statements.ts'
import type { Role } from '../../crdt/view.ts'
import type { Fleet } from '../documents/document.ts'
import { safe } from '../render/words.ts'

/** A key that the revoked one gave rights to. */
export interface Granted {
  readonly key: AuthorId
  readonly name: string
  /** What it is once the key is revoked; null: nothing any more. */
  readonly role: Role | null
}

export function grantedBy({ doc, names }: Fleet, key: AuthorId, { now }: FleetRights): readonly Granted[] {
  const keys = new Set<OperatorId>()
  for (const entry of historyOf(doc.judged?.of ?? doc))
    if (entry.author === key) for (const [id] of fleetStatementsOf(entry).grants) keys.add(id)
  keys.delete(key as OperatorId)
  return [...keys].map((id) => ({ key: id, name: names.get(id) ?? '', role: now.get(id)?.role ?? null }))
}

export function grantedText(granted: readonly Granted[]): string {
  const line = ({ key, name, role }: Granted): string => `  ${key}  ${(role ?? '-').padEnd(8)}  ${safe(name)}\n`
  const standing = granted.filter(({ role }) => role !== null)
  const fallen = granted.filter(({ role }) => role === null)
  const parts = [
    standing.length === 0 ? '' : `it had given rights to these keys, which keep them; if it was stolen, revoke them, too:\n`,
    ...standing.map(line),
    fallen.length === 0 ? '' : 'it had given rights to these keys, which have none any more:\n',
    ...fallen.map(line),
  ]
  return parts.join('')
}
