// The only file that imports Automerge. A handle is a document inside the wasm module: opened from saved bytes, used, and always
// freed (by whoever opened it, or by `kept-handles.ts`), because wasm memory never shrinks and finalizers come too late. Everything
// goes to Automerge's backend directly; its JavaScript document objects cost more than the work itself. Errors (also Rust panics)
// are the caller's to contain.

import * as Automerge from '@automerge/automerge'

import { assert } from './errors.ts'
import { genesisOf, registersObject } from './genesis.ts'
import { type ActorId, type ChangeHash, type DocKind, compareText } from './ids.ts'
import type { Registers, Scalar } from './registers.ts'

/** One of the values that a register has at the same time, and the operation that wrote it. */
export interface Visible {
  readonly value: Scalar
  /** `counter@actor` */
  readonly op: string
}

export interface ChangeMeta {
  readonly hash: ChangeHash
  readonly actor: ActorId
  readonly seq: number
  readonly maxOp: number
}

export interface DecodedOp {
  readonly action: string
  readonly obj: string
  readonly key?: string
  readonly value?: unknown
  readonly datatype?: string
  readonly pred: readonly string[]
}

export interface DecodedChange {
  readonly actor: string
  readonly seq: number
  readonly startOp: number
  readonly time: number
  readonly deps: readonly string[]
  readonly hash: string
  readonly ops: readonly DecodedOp[]
}

export interface Handle {
  /** Sorted. */
  heads(): ChangeHash[]
  apply(change: Uint8Array): void
  put(path: string, value: Scalar): void
  /** The change made of everything put since the last one; null when Automerge saw nothing to do. */
  commit(timeSeconds: number): Uint8Array | null
  save(): Uint8Array
  /** The values that a register has, the winner last; at these heads instead of now, when given. */
  visible(path: string, heads?: readonly ChangeHash[]): readonly Visible[]
  /** All registers at these heads. */
  read(heads: readonly ChangeHash[]): Registers
  metaOf(hash: ChangeHash): ChangeMeta | null
  /** Every change that is not in the past of these, each after what it builds on; all of them, genesis included, for an empty list. */
  metasBeyond(heads: readonly ChangeHash[]): readonly ChangeMeta[]
  /** The bytes of all changes, genesis included, each after what it builds on. */
  changes(): readonly Uint8Array[]
  /** Those of one that is here. */
  change(hash: ChangeHash): Uint8Array
}

/** A handle with somebody whose it is to free. */
export interface OwnedHandle extends Handle {
  /** A second document that begins as this one, at a twentieth of what opening costs; what it commits is this actor's. */
  fork(actor: string): OwnedHandle
  load(saved: Uint8Array): void
  /** Never throws. */
  free(): void
}

type Backend = ReturnType<typeof Automerge.getBackend>

/** For handles that write nothing; Automerge would draw a random one. */
const readerActor = 'ff'.repeat(16)

function plain(value: unknown): Scalar {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (Automerge.isImmutableString(value)) return value.val
  assert(typeof value === 'number' && Number.isSafeInteger(value), 'a register holds a scalar that the gate lets pass')
  return value
}

function putScalar(backend: Backend, path: string, value: Scalar): void {
  if (typeof value === 'string') backend.put(registersObject, path, value, 'str')
  else if (typeof value === 'number') backend.put(registersObject, path, value, 'int')
  else backend.put(registersObject, path, value)
}

function readAll(backend: Backend, heads: readonly ChangeHash[]): Registers {
  const found = backend.materialize(registersObject, [...heads]) as Record<string, unknown>
  return new Map(Object.keys(found).map((path) => [path, plain(found[path])]))
}

function commitPending(backend: Backend, timeSeconds: number): Uint8Array | null {
  if (backend.pendingOps() === 0) return null
  backend.commit(undefined, timeSeconds)
  return backend.getLastLocalChange()
}

function handleOf(backend: Backend): OwnedHandle {
  return {
    heads: () => (backend.getHeads() as ChangeHash[]).sort(compareText),
    apply: (change) => backend.applyChanges([change]),
    put: (path, value) => putScalar(backend, path, value),
    commit: (timeSeconds) => commitPending(backend, timeSeconds),
    save: () => backend.save(),
    visible: (path, heads) =>
      backend
        .getAll(registersObject, path, heads === undefined ? undefined : [...heads])
        .map((found) => ({ value: plain(found[1]), op: String(found[2]) })),
    read: (heads) => readAll(backend, heads),
    metaOf: (hash) => backend.getChangeMetaByHash(hash) as ChangeMeta | null,
    metasBeyond: (heads) => backend.getChangesMeta([...heads]) as unknown as readonly ChangeMeta[],
    changes: () => backend.getChanges([]),
    change: (hash) => backend.getChangeByHash(hash) as Uint8Array,
    load: (saved) => void backend.loadIncremental(saved),
    // Automerge's own `fork` draws a random actor first.
    fork: (actor) => handleOf(backend.clone(actor)),
    free: () => release(backend),
  }
}

export interface Saved {
  readonly saved: Uint8Array
  /** Sorted. */
  readonly heads: readonly ChangeHash[]
}

function sameHeads(a: readonly ChangeHash[], b: readonly ChangeHash[]): boolean {
  return a.length === b.length && a.every((head, index) => head === b[index])
}

/** A document with nothing in it, never written to: forking it is cheaper than making another. */
let blank: Backend | null = null

function openBlank(): OwnedHandle {
  blank ??= Automerge.getBackend(Automerge.init({ actor: readerActor }))
  try {
    return handleOf(blank.clone(readerActor))
  } catch (error) {
    blank = null
    throw error
  }
}

function release(backend: Backend): void {
  try {
    backend.free()
  } catch {
    // After a Rust panic the handle may be borrowed for ever: its memory is lost, nothing else.
  }
}

/** For a handle that goes on to somebody else: frees it only when that comes to nothing. */
export function freeOnThrow<T>(handle: OwnedHandle, use: () => T): T {
  try {
    return use()
  } catch (error) {
    handle.free()
    throw error
  }
}

/** Opens; the caller frees. Throws when the bytes do not give these heads: Automerge passes over damage in silence. */
export function openHandle(document: Saved): OwnedHandle {
  const handle = openBlank()
  freeOnThrow(handle, () => {
    handle.load(document.saved)
    assert(sameHeads(handle.heads(), document.heads), 'saved bytes give the heads that were written down with them')
  })
  return handle
}

/** Uses and frees. */
export function freeAfter<T>(handle: OwnedHandle, use: (handle: OwnedHandle) => T): T {
  try {
    return use(handle)
  } finally {
    handle.free()
  }
}

/** Opens, uses and frees. */
export function withHandle<T>(document: Saved, use: (handle: Handle) => T): T {
  return freeAfter(openHandle(document), use)
}

/** What a document of this kind saves as before anybody wrote to it. */
export function saveGenesis(kind: DocKind): Uint8Array {
  return freeAfter(openBlank(), (handle) => {
    handle.apply(genesisOf[kind].bytes)
    return handle.save()
  })
}

/** Bounded by its input only after `countOps`; throws on what it cannot decode. */
export function decodeChange(change: Uint8Array): DecodedChange {
  return Automerge.decodeChange(change)
}

/** The bytes that Automerge itself would write for this change. */
export function encodeChange(change: DecodedChange): Uint8Array {
  return Automerge.encodeChange(change as unknown as Parameters<typeof Automerge.encodeChange>[0])
}
