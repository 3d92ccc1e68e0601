// What a key may write. A grant without a pattern allows nothing; an admin's allows everything. Rights of one key add up, since what is
// granted is taken back by revoking the key and in no other way.

import type { DocId, DocKind, PoolName } from '../ids.ts'
import type { Role } from '../view.ts'
import { parentOfName } from '../dispatch-name.ts'
import { matches } from './pattern.ts'

export interface Grant {
  readonly role: Role
  /** Patterns of pool names. */
  readonly pools: readonly string[]
  /** Patterns of `NAMESPACE/NAME`. */
  readonly jobs: readonly string[]
}

export const everyJob = '*/*'
export const everyPoolPattern = '*'

/** Without limits to pools and jobs. */
export function grantOfRole(role: Role): Grant {
  return { role, pools: [everyPoolPattern], jobs: [everyJob] }
}

export interface Target {
  readonly kind: DocKind
  readonly doc: DocId
  readonly pool: PoolName
}

/** Whether the grant covers writing that document; node documents are their nodes' own and no grant's. */
export function covers(grant: Grant, { kind, doc, pool }: Target): boolean {
  if (grant.role === 'admin') return kind !== 'node'
  if (grant.role === 'viewer' || !grant.pools.some((pattern) => matches(pattern, pool))) return false
  if (kind === 'job') return namesForRights(doc).some((name) => grant.jobs.some((pattern) => matches(pattern, name)))
  return kind === 'ops' && grant.jobs.includes(everyJob)
}

/** Whoever may write a job may dispatch it: what was dispatched counts as the job that it was dispatched from, too (docs/adr/0028). */
function namesForRights(doc: DocId): readonly string[] {
  const name = doc.slice('job/'.length)
  const parent = parentOfName(name)
  return parent === null ? [name] : [name, parent]
}

const order: readonly Role[] = ['viewer', 'operator', 'admin']

export function widen(known: Grant | undefined, more: Partial<Grant>): Grant {
  const role = more.role ?? 'viewer'
  const before = known ?? { role: 'viewer', pools: [], jobs: [] }
  return {
    role: order.indexOf(role) > order.indexOf(before.role) ? role : before.role,
    pools: union(before.pools, more.pools ?? []),
    jobs: union(before.jobs, more.jobs ?? []),
  }
}

function union(known: readonly string[], more: readonly string[]): readonly string[] {
  return [...new Set([...known, ...more])].sort()
}
