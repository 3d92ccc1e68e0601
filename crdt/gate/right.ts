// Who may write what: decided from the envelope's head alone, before a signature is verified. Roles come from the fleet document;
// that this document's first envelope is the right one follows from its hash, which is the fleet's identity.

import { type Result, ok, refuse } from '../errors.ts'
import type { Envelope } from '../envelope.ts'
import { type FleetId, type OperatorId, nodeDocId } from '../ids.ts'
import type { NodeId } from '../ids.ts'
import type { Role } from '../view.ts'
import type { GateCode } from './codes.ts'

export interface Authority {
  readonly fleet: FleetId
  readonly roleOf: (operator: OperatorId) => Role | undefined
}

/** The envelope that founded the fleet: it cannot name the fleet, whose id is its own hash. */
function isFounding(envelope: Envelope, authority: Authority): boolean {
  return envelope.kind === 'fleet' && envelope.fleet === '' && envelope.hash === authority.fleet
}

export function checkFleet(envelope: Envelope, authority: Authority): Result<void, GateCode> {
  if (envelope.fleet === authority.fleet || isFounding(envelope, authority)) return ok(undefined)
  return refuse('E_FLEET', `made for fleet ${envelope.fleet.slice(0, 16) || '(none)'}, this is ${authority.fleet.slice(0, 16)}`)
}

function mayWrite(envelope: Envelope, role: Role | undefined): boolean {
  switch (envelope.kind) {
    case 'node':
      return envelope.doc === nodeDocId(envelope.author as NodeId)
    case 'fleet':
      return role === 'admin'
    case 'job':
    case 'ops':
      return role === 'admin' || role === 'operator'
  }
}

export function checkRight(envelope: Envelope, authority: Authority): Result<void, GateCode> {
  if (isFounding(envelope, authority)) return ok(undefined)
  const role = envelope.kind === 'node' ? undefined : authority.roleOf(envelope.author as OperatorId)
  if (mayWrite(envelope, role)) return ok(undefined)
  return refuse('E_RIGHT', `${envelope.author} (${role ?? 'no role'}) may not write ${envelope.doc}`)
}
