// The trial application: changes are applied to a scratch copy, which is saved and opened again, and only then does the document at
// rest become the new one. Whatever Automerge throws on the way (Rust panics too) costs the handles in use and nothing else. What is
// kept for the next change is a handle that has been through all of this.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import type { Envelope } from '../envelope.ts'
import { AssertionError, type Result, ok, refuse } from '../errors.ts'
import type { AuthorId, ChangeHash } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import type { KeptHandles } from '../kept-handles.ts'
import { type Handle, type OwnedHandle, freeAfter, freeOnThrow, openHandle } from '../replica-handle.ts'
import { type Snapshot, nextDoc, overwrite, readAgain } from '../replica-state.ts'
import { checkBody } from './change-body.ts'
import type { CheckedHead } from './change-head.ts'
import type { GateCode } from './codes.ts'
import { type RoomRights, checkRoom } from './room.ts'
import { writeAnew } from './written-anew.ts'

interface Trial {
  readonly saved: Uint8Array
  readonly heads: readonly ChangeHash[]
  readonly written: ReadonlyMap<string, Scalar>
  /** Every change built on all that was here before it. */
  readonly linear: boolean
}

/** The document as it would be, and a handle of it. */
interface Passed {
  readonly trial: Trial
  readonly snapshot: Snapshot
  readonly next: OwnedHandle
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

interface Work {
  readonly envelope: Envelope
  readonly known: readonly CheckedHead[]
  readonly fresh: readonly CheckedHead[]
  readonly rights: RoomRights | undefined
}

function hasRoom(handle: Handle, doc: Doc, { saved, heads, written }: Omit<Trial, 'linear'>, work: Work): Result<void, GateCode> {
  const { envelope, fresh, rights } = work
  const authorOf = (head: ChangeHash): AuthorId => doc.clock.get(handle.metaOf(head)!.actor)?.author ?? envelope.author
  const after = { savedBytes: saved.length, heads: heads.map(authorOf), written, fresh: fresh.length }
  return checkRoom(doc, envelope, after, rights)
}

function apply(handle: Handle, doc: Doc, work: Work): Result<Trial, GateCode> {
  const written = new Map<string, Scalar>()
  const has = (path: string): boolean => doc.registers.has(path) || written.has(path)
  let linear = true
  let heads = handle.heads()
  for (const change of work.fresh) {
    const body = checkBody({ handle, kind: doc.kind, heads, has }, change)
    if (!body.ok) return body
    handle.apply(change.bytes)
    heads = handle.heads()
    if (!heads.includes(change.head.hash)) return refuse('E_SHADOW', 'a change did not become a head')
    linear &&= body.value.linear
    for (const [path, value] of body.value.writes) written.set(path, value)
  }
  const trial = { saved: handle.save(), heads, written, linear }
  const room = hasRoom(handle, doc, trial, work)
  return room.ok ? ok(trial) : room
}

/** Any change that there may be. */
function tryOut(handle: OwnedHandle, doc: Doc, work: Work): Result<Passed, GateCode> {
  const tried = freeAfter(handle.fork(work.envelope.actor), (scratch) => apply(scratch, doc, work))
  if (!tried.ok) return tried
  const { value: trial } = tried
  const next = openHandle(trial)
  const snapshot = freeOnThrow(next, () => (trial.linear ? overwrite(doc, trial.written) : readAgain(doc, next, trial.written.keys())))
  return ok({ trial, snapshot, next })
}

/**
 * The short way, for nearly every change that comes: the next one of a document that has a single author. null: it is none of these,
 * or something is the matter with it, and what that is the long way says.
 */
function tryAnew(handle: OwnedHandle, doc: Doc, work: Work): Passed | null {
  const { envelope, known, fresh } = work
  if (doc.kind !== 'node' || known.length > 0) return null
  const next = handle.fork(envelope.actor)
  const trial = freeOnThrow(next, () => {
    const written = writeAnew(next, doc.kind, fresh)
    return written === null ? null : { saved: next.save(), heads: next.heads(), written, linear: true }
  })
  if (trial !== null && hasRoom(next, doc, trial, work).ok) return { trial, snapshot: overwrite(doc, trial.written), next }
  next.free()
  return null
}

/** null: everything in it is here already. */
function pass(handle: OwnedHandle, doc: Doc, work: Work): Result<Passed | null, GateCode> {
  const same = checkKnown(handle, work.known)
  if (!same.ok) return same
  if (work.fresh.length === 0) return ok(null)
  const anew = tryAnew(handle, doc, work)
  return anew === null ? tryOut(handle, doc, work) : ok(anew)
}

export interface Applied {
  readonly doc: Doc
  readonly changed: readonly string[]
}

export interface Tools {
  readonly crypto: Crypto
  readonly kept: KeptHandles
  readonly rights: RoomRights | undefined
}

/** Applies what is new in the envelope. The first `knownCount` of its changes are in the document already. */
export function applyInShadow(
  { crypto, kept, rights }: Tools,
  doc: Doc,
  envelope: Envelope,
  checked: readonly CheckedHead[],
  knownCount: number,
): Result<Applied, GateCode> {
  let handle: OwnedHandle | null = null
  try {
    const work = { envelope, known: checked.slice(0, knownCount), fresh: checked.slice(knownCount), rights }
    handle = kept.take(doc)
    const passed = pass(handle, doc, work)
    if (!passed.ok || passed.value === null) {
      kept.keep(doc.saved, handle)
      return passed.ok ? ok({ doc, changed: [] }) : passed
    }
    const { trial, snapshot, next } = passed.value
    handle.free()
    kept.keep(trial.saved, next)
    const { saved, heads } = trial
    return ok({ doc: nextDoc(crypto, doc, { saved, heads, snapshot, envelopes: [envelope] }), changed: snapshot.changed })
  } catch (error) {
    handle?.free()
    const words = error instanceof Error ? error.message : String(error)
    if (error instanceof AssertionError) return refuse('E_SHADOW', `the document does not survive it: ${words}`)
    return refuse('E_SHADOW', `Automerge failed: ${words.slice(0, 200)}`)
  }
}
