// Who may write what: decided from the envelope's head alone, before a signature is verified. Grants come from the fleet document;
// that this document's first envelope is the right one follows from its hash, which is the fleet's identity. A grant only grows: what
// was written under one that does not stand is taken in and judged by whoever reads (`rights/`), so that all replicas hold the same.
// Only the fleet document is in one history with the grants: there the author must be an admin in each change's own past.

import { type Result, ok, refuse } from '../errors.ts'
import type { Envelope } from '../envelope.ts'
import { type ChangeHash, type FleetId, nodeDocId } from '../ids.ts'
import type { NodeId } from '../ids.ts'
import type { Doc } from '../doc.ts'
import { genesisOf } from '../genesis.ts'
import { limits } from '../limits.ts'
import { historyOf } from '../replica-history.ts'
import { type FleetRights, wasAdminAt } from '../rights/fleet-rights.ts'
import { covers } from '../rights/grant.ts'
import type { CheckedHead } from './change-head.ts'
import type { GateCode } from './codes.ts'

export interface Authority {
  readonly fleet: FleetId
  /** As the fleet document says that is here; undefined: none is. */
  readonly rights: Pick<FleetRights, 'ever' | 'now' | 'revoked' | 'seniority' | 'kept'> | undefined
}

/** The envelope that founded the fleet: it cannot name the fleet, whose id is its own hash. */
function isFounding(envelope: Envelope, authority: Authority): boolean {
  return envelope.kind === 'fleet' && envelope.fleet === '' && envelope.hash === authority.fleet
}

export function checkFleet(envelope: Envelope, authority: Authority): Result<void, GateCode> {
  if (envelope.fleet === authority.fleet || isFounding(envelope, authority)) return ok(undefined)
  return refuse('E_FLEET', `made for fleet ${envelope.fleet.slice(0, 16) || '(none)'}, this is ${authority.fleet.slice(0, 16)}`)
}

/** The author's right to the document, whatever it writes there. */
function mayWrite(envelope: Envelope, { rights }: Authority): boolean {
  if (envelope.kind === 'node') return envelope.doc === nodeDocId(envelope.author as NodeId)
  const grant = rights?.ever.get(envelope.author)
  return grant !== undefined && covers(grant, envelope)
}

/**
 * A new epoch replaces what others wrote, so a revoked key's is not even taken in to be judged: unless an admin, with the revocation, has
 * named the envelope. A board that slept meanwhile takes that one, too.
 */
function mayReplace(doc: Doc | undefined, envelope: Envelope, { rights }: Authority): boolean {
  if (doc === undefined || envelope.epoch <= doc.epoch || envelope.kind === 'node') return true
  return rights?.revoked.has(envelope.author) !== true || rights.kept.has(envelope.hash)
}

/**
 * How high an operators' document may be counted: a stolen key shall not put it where nobody can compact it any more. The envelope alone
 * says it, so all boards say the same, whatever they slept through.
 */
function checkCount({ author, kind, doc, epoch, base }: Envelope, { rights }: Authority): Result<void, GateCode> {
  if (kind === 'node') return ok(undefined)
  if (base > (epoch - 1) * 2 * limits.docChangesMax)
    return refuse('E_SIZE', `${epoch - 1} epochs of ${doc} cannot have held ${base} changes`)
  if (epoch <= limits.operatorEpochMax || rights?.ever.get(author)?.role === 'admin') return ok(undefined)
  return refuse('E_RIGHT', `${author} is no admin, and may not begin epoch ${epoch} of ${doc}`)
}

export function checkRight(doc: Doc | undefined, envelope: Envelope, authority: Authority): Result<void, GateCode> {
  if (isFounding(envelope, authority)) return ok(undefined)
  const words = envelope.kind === 'node' ? 'no role' : (authority.rights?.ever.get(envelope.author)?.role ?? 'no role')
  if (!mayWrite(envelope, authority)) return refuse('E_RIGHT', `${envelope.author} (${words}) may not write ${envelope.doc}`)
  if (mayReplace(doc, envelope, authority)) return checkCount(envelope, authority)
  return refuse('E_RIGHT', `${envelope.author} is revoked and may not begin epoch ${envelope.epoch} of ${envelope.doc}`)
}

/** Of the fleet document: in the past of each change its author is an admin. Says the same on every replica that has that past. */
export function checkAdmin(
  doc: Doc | undefined,
  envelope: Envelope,
  checked: readonly CheckedHead[],
  authority: Authority,
): Result<void, GateCode> {
  if (envelope.kind !== 'fleet' || isFounding(envelope, authority)) return ok(undefined)
  const here = new Set(doc === undefined ? [] : historyOf(doc).map(({ hash }) => hash))
  const own = new Set(checked.map(({ head }) => head.hash))
  const past = new Set<ChangeHash>()
  for (const { head } of checked) {
    const news = head.deps.filter((dep) => !own.has(dep) && !past.has(dep))
    const missing = news.find((dep) => dep !== genesisOf.fleet.hash && !here.has(dep))
    if (missing !== undefined) return refuse('E_MISSING', `builds on change ${missing}, which is not here`)
    for (const dep of news) past.add(dep)
    const isFirst = head === checked[0]?.head
    if ((news.length > 0 || isFirst) && (doc === undefined || !wasAdminAt(doc, [...past], envelope.author)))
      return refuse('E_RIGHT', `${envelope.author} was no admin when it wrote this`)
  }
  return ok(undefined)
}
