// What a change of the fleet document states about keys: grants and revocations, read from the registers that it writes.

import { type AuthorId, type OperatorId, isPeerId } from '../ids.ts'
import { decodePart } from '../documents/path-part.ts'
import type { Scalar } from '../registers.ts'
import type { Role } from '../view.ts'
import type { Grant } from './grant.ts'
import { isPattern } from './pattern.ts'

export interface FleetStatements {
  readonly grants: readonly (readonly [OperatorId, Partial<Grant>])[]
  /** Keys that it makes admins. */
  readonly admins: readonly AuthorId[]
  readonly revokes: readonly AuthorId[]
}

const roles: readonly Role[] = ['admin', 'operator', 'viewer']

export function fleetStatementsOf({ writes }: { readonly writes: ReadonlyMap<string, Scalar> }): FleetStatements {
  const grants: (readonly [OperatorId, Partial<Grant>])[] = []
  const revokes: AuthorId[] = []
  for (const [path, value] of writes) {
    const [kind, id = '', field, part = '', ...rest] = path.split('/')
    if (!isPeerId(id) || rest.length > 0) continue
    if (kind === 'revoked' && field === undefined && value === true) revokes.push(id as OperatorId)
    const grant = kind === 'operator' ? grantOf(field, decodePart(part), value) : null
    if (grant !== null) grants.push([id as OperatorId, grant])
  }
  return { grants, revokes, admins: grants.filter(([, { role }]) => role === 'admin').map(([id]) => id) }
}

function grantOf(field: string | undefined, part: string, value: Scalar): Partial<Grant> | null {
  if (field === 'role' && part === '' && roles.includes(value as Role)) return { role: value as Role }
  if (field === 'pools' && value === true && isPattern(part, 1)) return { pools: [part] }
  if (field === 'jobs' && value === true && isPattern(part, 2)) return { jobs: [part] }
  return null
}
