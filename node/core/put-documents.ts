// An operator's signed changes on their way in: all through the gate, spread at once, and answered with a receipt. Several are taken
// in order up to the first that is refused; those before it count. Upholds invariants 4, 6 and 17.

import type { Request } from '../../crdt/api-types.ts'
import { fromBase64 } from '../../crdt/base64.ts'
import { operatorUntil } from '../../crdt/documents/fleet.ts'
import { type Result, ok, refuse } from '../../crdt/errors.ts'
import { type AuthorId, type DocId, type OperatorId, fleetDocId } from '../../crdt/ids.ts'
import type { FleetRights } from '../../crdt/rights/fleet-rights.ts'
import { receive, rightsHere } from './documents.ts'
import type { CoreEvent } from './event.ts'
import { follow, hasRoom } from './follow.ts'
import { coreLimits } from './limits.ts'
import { receiptReply } from './queries/receipt.ts'
import { type Step, note, refuseRequest, reply } from './state.ts'
import { envelopeFrames } from './wire.ts'

interface Taken {
  readonly documents: Set<DocId>
  /** Those that were news. */
  readonly fresh: Uint8Array[]
}

export function putDocuments(step: Step, event: CoreEvent & { kind: 'command' }, request: Request & { method: 'doc.put' }): void {
  const { storeProblem, leave } = step.state
  const { envelopes } = request
  const elsewhere = (code: string, why: string): void =>
    refuseRequest(step, event.id, code, `${why}, so nothing was accepted`, 'send the change to another peer')
  // It ends in a moment, and nobody else may have the change by then.
  if (leave.overAt !== null) return elsewhere('E_LEFT', 'this board has left its fleet')
  if (storeProblem !== null) return elsewhere('E_STORE_FULL', `this board's disk takes no writes (${storeProblem})`)
  if (envelopes.length === 0 || envelopes.length > coreLimits.putEnvelopesMax) {
    return refuseRequest(
      step,
      event.id,
      'E_SIZE',
      `1 to ${coreLimits.putEnvelopesMax} envelopes are taken at once, not ${envelopes.length}`,
    )
  }
  const waits = (request.confirm ?? 0) > 1
  if (waits && !hasRoom(step, event.id)) return
  const taken: Taken = { documents: new Set(), fresh: [] }
  const outcome = takeAll(step, envelopes, event.caller, taken)
  spread(step, taken)
  if (!outcome.ok) return refuseRequest(step, event.id, outcome.code, outcome.message, 'fetch the document again and repeat the change')
  const documents = [...taken.documents]
  if (waits) return follow(step, event, documents)
  reply(step, event.id, receiptReply(step, documents, request.confirm ?? 1))
}

function takeAll(step: Step, envelopes: readonly string[], caller: string | null, taken: Taken): Result<void> {
  for (const text of envelopes) {
    const bytes = fromBase64(text)
    if (!bytes.ok) return bytes
    const refused = refuseOver(step, bytes.value, caller)
    if (!refused.ok) return refused
    const received = receive(step, bytes.value, true)
    if (!received.ok) return received
    taken.documents.add(received.value.doc.id)
    if (received.value.kind === 'applied') taken.fresh.push(bytes.value)
  }
  return ok(undefined)
}

/**
 * Boards tell one another what a revoked key wrote, so that all hold the same, and an operator may carry it from a site that never meets
 * this one; from its owner nothing new is taken, nor from one whose time is over. About the fleet document the gate decides alone: what a
 * key writes there without knowing that it is revoked may stand.
 */
function refuseOver(step: Step, bytes: Uint8Array, caller: string | null): Result<void> {
  const { state } = step
  const decoded = state.engine.decodeEnvelope(bytes)
  if (!decoded.ok || decoded.value.kind === 'fleet') return ok(undefined)
  const { author, doc, hash } = decoded.value
  const rights = rightsHere(state)
  const isHere = state.docs.get(doc)?.envelopes.some((ref) => ref.hash === hash) === true
  const role = caller === null || caller === author ? undefined : rights?.now.get(caller as AuthorId)?.role
  const isCarried = role !== undefined && role !== 'viewer'
  if (isHere || isCarried || rights === undefined) return ok(undefined)
  if (rights.revoked.has(author)) return refuse('E_REVOKED', `the key ${author} is revoked: nothing that it signs has an effect`)
  return refuseExpired(rights, author, step.now + state.wallOffset)
}

/** By this board's own clock, as with the `until` of tokens: there is no other. */
function refuseExpired({ doc, now }: FleetRights, author: AuthorId, wallMs: number): Result<void> {
  const until = operatorUntil(doc.registers, author as OperatorId)
  if (until === null || wallMs <= until || now.get(author)?.role === 'admin') return ok(undefined)
  return refuse('E_EXPIRED', `the key ${author} was for a time that is over by this board's clock: nothing new of it is taken`)
}

function spread(step: Step, { documents, fresh }: Taken): void {
  if (fresh.length === 0) return
  const topic = documents.has(fleetDocId) ? 'fleet' : 'pool'
  for (const frame of envelopeFrames(fresh)) step.out.push({ kind: 'broadcast', topic, frame })
  note(step, `accepted a change of ${[...documents].join(', ')}`)
}
