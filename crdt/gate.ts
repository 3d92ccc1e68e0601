// The gate: the only way in which changes made elsewhere get into a document. Checks go from cheap to dear (size, names, right,
// epoch, signature, heads of the changes, then their content on a scratch copy), and every reason to refuse has a code. What is
// refused leaves the document as it was. Upholds invariants 6, 7, 16 and 17.

import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import { type Envelope, decodeEnvelope, signatureOf, signedPart } from './envelope.ts'
import { type Result, ok, refuse } from './errors.ts'
import { type CheckedHead, checkHeads } from './gate/change-head.ts'
import type { GateCode } from './gate/codes.ts'
import { type Authority, checkAdmin, checkFleet, checkRight } from './gate/right.ts'
import { type Tools, applyInShadow } from './gate/shadow.ts'
import { compareText } from './ids.ts'
import { type KeptHandles, keepNone } from './kept-handles.ts'
import { emptyDoc } from './replica.ts'

export type { GateCode } from './gate/codes.ts'
export type { Authority } from './gate/right.ts'

export interface Admitted {
  /** known: everything in it was here already, and nothing changed. */
  readonly kind: 'applied' | 'known'
  readonly doc: Doc
  readonly envelope: Envelope
  /** Sorted paths of the registers whose value is another now. */
  readonly changed: readonly string[]
}

function checkPlace(doc: Doc | undefined, envelope: Envelope): Result<void, GateCode> {
  if (doc === undefined) return ok(undefined)
  if (doc.id !== envelope.doc) return refuse('E_DOC_ID', `an envelope of ${envelope.doc} for ${doc.id}`)
  if (doc.pool !== envelope.pool) return refuse('E_POOL', `${doc.id} belongs to pool ${doc.pool}, not ${envelope.pool}`)
  if (envelope.epoch < doc.epoch) return refuse('E_EPOCH_OLD', `epoch ${envelope.epoch}; ${doc.id} is at ${doc.epoch}`)
  return ok(undefined)
}

function checkSignature(crypto: Crypto, envelope: Envelope): Result<void, GateCode> {
  const genuine = crypto.verify(envelope.publicKey, signedPart(envelope), signatureOf(envelope))
  return genuine ? ok(undefined) : refuse('E_SIGNATURE', `not signed by ${envelope.author}`)
}

/** What changes for readers when one epoch replaces another. */
function changedBetween(before: Doc | undefined, after: Doc): readonly string[] {
  const changed: string[] = []
  const paths = new Set([...(before?.registers.keys() ?? []), ...after.registers.keys()])
  for (const path of paths) {
    if ((before?.registers.get(path) ?? null) !== (after.registers.get(path) ?? null)) changed.push(path)
  }
  return changed.sort(compareText)
}

function merge(tools: Tools, doc: Doc | undefined, envelope: Envelope, checked: readonly CheckedHead[]): Result<Admitted, GateCode> {
  const fresh = doc === undefined || doc.epoch < envelope.epoch
  const target = fresh ? emptyDoc(tools.crypto, envelope.doc, envelope.pool, envelope.epoch, envelope.base) : doc
  const have = target.clock.get(envelope.actor)?.seq ?? 0
  if (envelope.firstSeq > have + 1) return refuse('E_MISSING', `starts at change ${envelope.firstSeq}; ${have} of its actor are here`)
  const known = Math.min(checked.length, have + 1 - envelope.firstSeq)
  const applied = applyInShadow(tools, target, envelope, checked, known)
  if (!applied.ok) return applied
  if (applied.value.doc === target) return ok({ kind: 'known', doc: target, envelope, changed: [] })
  const changed = fresh ? changedBetween(doc, applied.value.doc) : applied.value.changed
  return ok({ kind: 'applied', doc: applied.value.doc, envelope, changed })
}

/** Takes a stranger's envelope into the document (undefined: not here yet), or says why not. Never throws. */
export function admit(
  crypto: Crypto,
  doc: Doc | undefined,
  bytes: Uint8Array,
  authority: Authority,
  kept: KeptHandles = keepNone,
): Result<Admitted, GateCode> {
  const decoded = decodeEnvelope(crypto, bytes)
  return decoded.ok ? admitDecoded(crypto, doc, decoded.value, authority, kept) : decoded
}

/** The same for whoever had to look into the envelope before; it must come from `decodeEnvelope`. */
export function admitDecoded(
  crypto: Crypto,
  doc: Doc | undefined,
  envelope: Envelope,
  authority: Authority,
  kept: KeptHandles = keepNone,
): Result<Admitted, GateCode> {
  const fleet = checkFleet(envelope, authority)
  if (!fleet.ok) return fleet
  const place = checkPlace(doc, envelope)
  if (!place.ok) return place
  // The very bytes were checked before: whoever lost a right since then keeps what was written under it.
  if (doc?.envelopes.some((ref) => ref.hash === envelope.hash)) return ok({ kind: 'known', doc, envelope, changed: [] })
  const right = checkRight(doc, envelope, authority)
  if (!right.ok) return right
  const signature = checkSignature(crypto, envelope)
  if (!signature.ok) return signature
  const heads = checkHeads(crypto, envelope)
  if (!heads.ok) return heads
  const admin = checkAdmin(doc, envelope, heads.value, authority)
  return admin.ok ? merge({ crypto, kept, rights: authority.rights }, doc, envelope, heads.value) : admin
}
