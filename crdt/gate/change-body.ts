// The other half: one change against the document as it stands after the changes before it. The rule behind all of these checks
// is that a change must be exactly what an honest author's Automerge would have made from the dependencies that it names; each
// of them has been seen to break a document when it was not so.

import { checkRegister } from '../documents/schema.ts'
import { type Result, ok, refuse } from '../errors.ts'
import { registersObject } from '../genesis.ts'
import type { ChangeHash, DocKind } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { type DecodedChange, type DecodedOp, type Handle, decodeChange, encodeChange } from '../replica-handle.ts'
import type { CheckedHead } from './change-head.ts'
import type { GateCode } from './codes.ts'

function checkPast(handle: Handle, { head }: CheckedHead, heads: readonly ChangeHash[]): Result<void, GateCode> {
  let highest = 0
  for (const dep of head.deps) {
    const meta = handle.metaOf(dep)
    if (meta === null) return refuse('E_MISSING', `builds on change ${dep}, which is not here`)
    highest = Math.max(highest, meta.maxOp)
  }
  if (head.startOp !== highest + 1) return refuse('E_START_OP', `operations count from ${head.startOp}, not ${highest + 1}`)
  if (head.seq === 1 || sameList(head.deps, heads)) return ok(undefined)
  const own = handle.metasBeyond(head.deps).some((meta) => meta.actor === head.actor)
  return own ? refuse('E_DEPS', "does not build on its author's previous change") : ok(undefined)
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index])
}

function decode({ head, bytes, ops }: CheckedHead): Result<DecodedChange, GateCode> {
  let decoded: DecodedChange
  try {
    decoded = decodeChange(bytes)
  } catch {
    return refuse('E_DECODE', 'Automerge cannot decode the change')
  }
  // Two readers of the same bytes must read the same.
  const same =
    decoded.hash === head.hash &&
    decoded.actor === head.actor &&
    decoded.seq === head.seq &&
    decoded.startOp === head.startOp &&
    decoded.ops.length === ops &&
    sameList(decoded.deps, head.deps)
  return same ? ok(decoded) : refuse('E_DECODE', 'the change reads differently to Automerge')
}

function checkCanonical(decoded: DecodedChange, bytes: Uint8Array): Result<void, GateCode> {
  try {
    if (sameBytes(encodeChange(decoded), bytes)) return ok(undefined)
  } catch {
    // something that Automerge decodes but would never write
  }
  return refuse('E_CANONICAL', 'not the encoding that Automerge itself would write')
}

export type Write = readonly [path: string, value: Scalar]

function scalarOf({ value, datatype }: DecodedOp): Result<Scalar, GateCode> {
  if (datatype === undefined && (value === null || typeof value === 'string' || typeof value === 'boolean')) return ok(value)
  // 2^53 − 1 itself already comes back as a BigInt.
  const whole = datatype === 'int' && typeof value === 'number' && Number.isSafeInteger(value)
  if (whole && Math.abs(value) < Number.MAX_SAFE_INTEGER) return ok(value)
  return refuse('E_VALUE', 'only text, whole numbers below 2^53 - 1, booleans and null')
}

export function checkWrite(kind: DocKind, op: DecodedOp): Result<Write, GateCode> {
  if (op.action !== 'set' || op.obj !== registersObject || typeof op.key !== 'string') {
    return refuse('E_OPS', 'does something else than set a register')
  }
  const value = scalarOf(op)
  if (!value.ok) return value
  const words = checkRegister(kind, op.key, value.value)
  if (words === null) return ok([op.key, value.value])
  // Null is a deletion and fits every register, so if that is refused too, the path is at fault.
  return refuse(checkRegister(kind, op.key, null) === null ? 'E_VALUE' : 'E_KEY', words)
}

/** The document as it stands before the change. */
export interface Before {
  readonly handle: Handle
  readonly kind: DocKind
  /** Sorted. */
  readonly heads: readonly ChangeHash[]
  /** Whether anybody ever wrote to this register. */
  readonly has: (path: string) => boolean
}

/** A write overwrites exactly the values that were visible to its author (at these heads, if not at the present ones). */
function checkPredecessors(
  { handle, has }: Before,
  op: DecodedOp,
  path: string,
  at: readonly ChangeHash[] | undefined,
): Result<void, GateCode> {
  const visible = new Set(has(path) ? handle.visible(path, at).map((found) => found.op) : [])
  const named = new Set(op.pred)
  const exact = named.size === op.pred.length && named.size === visible.size && op.pred.every((pred) => visible.has(pred))
  return exact ? ok(undefined) : refuse('E_PREDECESSOR', `'${path}': does not overwrite what its author could see`)
}

function checkOps(before: Before, decoded: DecodedChange, at: readonly ChangeHash[] | undefined): Result<readonly Write[], GateCode> {
  const writes = new Map<string, Scalar>()
  for (const op of decoded.ops) {
    const write = checkWrite(before.kind, op)
    if (!write.ok) return write
    const [path, value] = write.value
    if (writes.has(path)) return refuse('E_KEY', `'${path}' is written twice in one change`)
    const predecessors = checkPredecessors(before, op, path, at)
    if (!predecessors.ok) return predecessors
    writes.set(path, value)
  }
  return ok([...writes])
}

export interface CheckedBody {
  readonly writes: readonly Write[]
  /** It builds on all that is here, so nothing that it writes can be in conflict. */
  readonly linear: boolean
}

export function checkBody(before: Before, checked: CheckedHead): Result<CheckedBody, GateCode> {
  const past = checkPast(before.handle, checked, before.heads)
  if (!past.ok) return past
  const decoded = decode(checked)
  if (!decoded.ok) return decoded
  const linear = sameList(checked.head.deps, before.heads)
  const writes = checkOps(before, decoded.value, linear ? undefined : checked.head.deps)
  if (!writes.ok) return writes
  const canonical = checkCanonical(decoded.value, checked.bytes)
  return canonical.ok ? ok({ writes: writes.value, linear }) : canonical
}
