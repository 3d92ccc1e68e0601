// The trial application: changes are applied to a scratch copy, which is saved and opened again, and only then does the document at
// rest become the new one. Whatever Automerge throws on the way (Rust panics too) costs the scratch copy and nothing else.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import type { Envelope } from '../envelope.ts'
import { AssertionError, type Result, ok, refuse } from '../errors.ts'
import type { ChangeHash } from '../ids.ts'
import { limits } from '../limits.ts'
import type { Scalar } from '../registers.ts'
import { type Handle, withHandle } from '../replica-handle.ts'
import { nextDoc, overwrite, readAgain } from '../replica-state.ts'
import { checkBody } from './change-body.ts'
import type { CheckedHead } from './change-head.ts'
import type { GateCode } from './codes.ts'

interface Trial {
  readonly saved: Uint8Array
  readonly heads: readonly ChangeHash[]
  readonly written: ReadonlyMap<string, Scalar>
  /** Every change built on all that was here before it. */
  readonly linear: boolean
}

/** The changes that a document already holds must be the very same ones. */
function checkKnown(handle: Handle, known: readonly CheckedHead[]): Result<void, GateCode> {
  for (const { head } of known) {
    if (handle.metaOf(head.hash) === null) {
      return refuse('E_EQUIVOCATION', `actor ${head.actor} signed two different changes number ${head.seq}`)
    }
  }
  return ok(undefined)
}

function checkRoom(doc: Doc, trial: Trial, fresh: number, envelopeBytes: number): Result<void, GateCode> {
  if (trial.heads.length > limits.headsMax) return refuse('E_DEPS', `more than ${limits.headsMax} concurrent heads`)
  let added = 0
  for (const path of trial.written.keys()) if (!doc.registers.has(path)) added++
  const stored = doc.envelopes.reduce((sum, envelope) => sum + envelope.bytes, envelopeBytes)
  const full =
    stored > limits.docEnvelopesBytesMax ||
    trial.saved.length > limits.docBytesMax ||
    doc.changeCount + fresh > limits.docChangesMax ||
    doc.registers.size + added > limits.docRegistersMax
  return full ? refuse('E_SIZE', 'the document would grow beyond its limits; compact it first') : ok(undefined)
}

interface Work {
  readonly known: readonly CheckedHead[]
  readonly fresh: readonly CheckedHead[]
  readonly envelopeBytes: number
}

function apply(handle: Handle, doc: Doc, { known, fresh, envelopeBytes }: Work): Result<Trial, GateCode> {
  const same = checkKnown(handle, known)
  if (!same.ok) return same
  const written = new Map<string, Scalar>()
  const has = (path: string): boolean => doc.registers.has(path) || written.has(path)
  let linear = true
  let heads = handle.heads()
  for (const change of fresh) {
    const body = checkBody({ handle, kind: doc.kind, heads, has }, change)
    if (!body.ok) return body
    handle.apply(change.bytes)
    heads = handle.heads()
    if (!heads.includes(change.head.hash)) return refuse('E_SHADOW', 'a change did not become a head')
    linear &&= body.value.linear
    for (const [path, value] of body.value.writes) written.set(path, value)
  }
  const trial = { saved: handle.save(), heads, written, linear }
  const room = checkRoom(doc, trial, fresh.length, envelopeBytes)
  return room.ok ? ok(trial) : room
}

export interface Applied {
  readonly doc: Doc
  readonly changed: readonly string[]
}

/** Applies what is new in the envelope. The first `knownCount` of its changes are in the document already. */
export function applyInShadow(
  crypto: Crypto,
  doc: Doc,
  envelope: Envelope,
  checked: readonly CheckedHead[],
  knownCount: number,
): Result<Applied, GateCode> {
  try {
    const work = { known: checked.slice(0, knownCount), fresh: checked.slice(knownCount), envelopeBytes: envelope.bytes.length }
    const trial = withHandle(doc, (handle) => apply(handle, doc, work))
    if (!trial.ok) return trial
    const { saved, heads, written, linear } = trial.value
    if (written.size === 0) return ok({ doc, changed: [] })
    const snapshot = withHandle({ saved, heads }, (handle) => (linear ? overwrite(doc, written) : readAgain(doc, handle, written.keys())))
    return ok({ doc: nextDoc(crypto, doc, { saved, heads, snapshot, envelopes: [envelope] }), changed: snapshot.changed })
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error)
    if (error instanceof AssertionError) return refuse('E_SHADOW', `the document does not survive it: ${words}`)
    return refuse('E_SHADOW', `Automerge failed: ${words.slice(0, 200)}`)
  }
}
