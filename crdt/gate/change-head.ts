// The cheap half of checking changes: everything that their heads and column sizes tell, before any document is opened and before
// Automerge's decoder, which expands run lengths without a bound, has seen a byte of them.

import { countOps } from '../change-columns.ts'
import { type ChangeHead, checkDeps, readChangeHead } from '../change-head.ts'
import type { Crypto } from '../crypto.ts'
import type { Envelope } from '../envelope.ts'
import { type Result, ok, refuse } from '../errors.ts'
import { limits } from '../limits.ts'
import type { GateCode } from './codes.ts'

export interface CheckedHead {
  readonly head: ChangeHead
  readonly bytes: Uint8Array
  readonly ops: number
}

function checkHead(crypto: Crypto, envelope: Envelope, bytes: Uint8Array, seq: number): Result<CheckedHead, GateCode> {
  const read = readChangeHead(crypto, bytes)
  if (!read.ok) return read
  const head = read.value
  if (head.actor !== envelope.actor) return refuse('E_ACTOR', `a change of actor ${head.actor}, the author's is ${envelope.actor}`)
  if (head.seq !== seq) return refuse('E_SEQ', `a change with number ${head.seq} in the place of ${seq}`)
  const deps = checkDeps(head.deps)
  if (!deps.ok) return deps
  const ops = countOps(head.columns)
  return ops.ok ? ok({ head, bytes, ops: ops.value }) : ops
}

export function checkHeads(crypto: Crypto, envelope: Envelope): Result<readonly CheckedHead[], GateCode> {
  const checked: CheckedHead[] = []
  let ops = 0
  for (const [index, bytes] of envelope.changes.entries()) {
    const one = checkHead(crypto, envelope, bytes, envelope.firstSeq + index)
    if (!one.ok) return one
    checked.push(one.value)
    ops += one.value.ops
    if (ops > limits.envelopeOpsMax) return refuse('E_OPS', `more than ${limits.envelopeOpsMax} operations in one envelope`)
  }
  return ok(checked)
}
