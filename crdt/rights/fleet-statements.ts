// What a change of the fleet document states about keys: grants and revocations, read from the registers that it writes. A junior does
// not revoke a senior, and who is senior to whom is asked of the revocation's own past: so it can be said at once, for ever, and the same
// everywhere, and one stolen key cannot shut out those who were there before it.

import { type AuthorId, type ChangeHash, type OperatorId, isPeerId } from '../ids.ts'
import { fleetPaths } from '../documents/fleet.ts'
import { decodePart } from '../documents/path-part.ts'
import type { Scalar } from '../registers.ts'
import type { HistoryEntry } from '../replica-history.ts'
import type { Role } from '../view.ts'
import type { Grant } from './grant.ts'
import { type Knows, knowledgeOf } from './past.ts'
import { isPattern } from './pattern.ts'

export interface FleetStatements {
  readonly grants: readonly (readonly [OperatorId, Partial<Grant>])[]
  /** Keys that it makes admins, in seniority. */
  readonly admins: readonly AuthorId[]
  readonly revokes: readonly AuthorId[]
}

export interface ToldEntry extends FleetStatements {
  readonly entry: HistoryEntry
}

/** Admins by their first grant as an admin, be it void: a later change can put nobody before an earlier one. The first is 0: the founder, or its recovery key. */
export type Seniority = ReadonlyMap<AuthorId, number>

const roles: readonly Role[] = ['admin', 'operator', 'viewer']

/** What these changes state, in their causal order, without revocations that are not their author's to make. */
export function toldBy(entries: readonly HistoryEntry[]): readonly ToldEntry[] {
  const all = entries.map((entry) => ({ entry, ...fleetStatementsOf(entry) }))
  if (all.every(({ revokes }) => revokes.length === 0)) return all
  const firsts = firstGrants(all, knowledgeOf(entries))
  return all.map((told) => {
    const { entry, revokes } = told
    if (revokes.length === 0) return told
    const own = firsts(entry.author, entry.hash)
    return { ...told, revokes: revokes.filter((key) => own < firsts(key, entry.hash)) }
  })
}

const never = Number.MAX_SAFE_INTEGER

/** When a key first became an admin in the past of a change: the order of `seniorityOf` over that past. */
function firstGrants(told: readonly ToldEntry[], knows: Knows): (key: AuthorId, at: ChangeHash) => number {
  const grants = new Map<AuthorId, { readonly by: ChangeHash; readonly number: number }[]>()
  let number = 0
  for (const { entry, admins } of told)
    for (const admin of admins) {
      const known = grants.get(admin) ?? []
      known.push({ by: entry.hash, number: number++ })
      grants.set(admin, known)
    }
  return (key, at) => grants.get(key)?.find(({ by }) => knows(at, by))?.number ?? never
}

export function seniorityOf(told: readonly { readonly admins: readonly AuthorId[] }[]): Seniority {
  const seniority = new Map<AuthorId, number>()
  for (const { admins } of told) for (const admin of admins) if (!seniority.has(admin)) seniority.set(admin, seniority.size)
  return seniority
}

export function fleetStatementsOf({ writes }: { readonly writes: ReadonlyMap<string, Scalar> }): FleetStatements {
  const grants: (readonly [OperatorId, Partial<Grant>])[] = []
  const revokes: AuthorId[] = []
  for (const [path, value] of writes) {
    const [kind, id = '', field, part = '', ...rest] = path.split('/')
    if (!isPeerId(id) || rest.length > 0) continue
    if (kind === 'revoked' && field === undefined && typeof value === 'number') revokes.push(id as OperatorId)
    const grant = kind === 'operator' ? grantOf(field, decodePart(part), value) : null
    if (grant !== null) grants.push([id as OperatorId, grant])
  }
  const admins = grants.filter(([, { role }]) => role === 'admin').map(([id]) => id)
  const isFirst = (id: OperatorId): boolean => writes.get(fleetPaths.recovery(id)) === 1
  return { grants, revokes, admins: [...admins.filter(isFirst), ...admins.filter((id) => !isFirst(id))] }
}

function grantOf(field: string | undefined, part: string, value: Scalar): Partial<Grant> | null {
  if (field === 'role' && part === '' && roles.includes(value as Role)) return { role: value as Role }
  if (field === 'pools' && value === true && isPattern(part, 1)) return { pools: [part] }
  if (field === 'jobs' && value === true && isPattern(part, 2)) return { jobs: [part] }
  return null
}
