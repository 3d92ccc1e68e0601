// A fleet document that several admins write to on several replicas, drawn from numbers: grants, revocations, renames, in any causal
// shape. Honest and stolen keys alike write whatever some replica's gate lets pass.

import { assert } from '../../crdt/errors.ts'
import { fleetGenesisRegisters, fleetPaths } from '../../crdt/documents/fleet.ts'
import { type Author, everyPool } from '../../crdt/envelope.ts'
import type { Doc } from '../../crdt/doc.ts'
import { admit } from '../../crdt/gate.ts'
import { type FleetId, fleetDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import { fleetRights } from '../../crdt/rights/fleet-rights.ts'
import { testCrypto, testSigner } from './crypto.ts'
import { nonceOf } from './envelopes.ts'

const crypto = testCrypto()

export interface Founded {
  readonly fleet: FleetId
  readonly doc: Doc
  readonly bytes: Uint8Array
}

/** Key 1 founds it, with that recovery key. */
export function foundFleet(recovery?: number): Founded {
  const { id, operator, signer } = testSigner(1)
  const registers = fleetGenesisRegisters({
    name: 'bay',
    admin: operator,
    adminName: 'one',
    ...(recovery === undefined ? {} : { recovery: testSigner(recovery).operator }),
  })
  const { doc, envelopes } = editDoc(
    crypto,
    emptyDoc(crypto, fleetDocId, everyPool),
    { id, signer, nonce: nonceOf(0), fleet: '' },
    registers,
  )
  return { fleet: envelopes[0]!.hash as FleetId, doc, bytes: envelopes[0]!.bytes }
}

/** Each edit is an actor of its own, as each run of the CLI is. */
let edits = 0

export function authorOf(seed: number, fleet: FleetId): Author {
  const { id, signer } = testSigner(seed)
  return { id, signer, nonce: nonceOf(++edits), fleet }
}

/** Signs an edit of this replica, whether or not the key may make it. */
export function edited(
  founded: Founded,
  doc: Doc,
  seed: number,
  changes: ReadonlyMap<string, Scalar>,
): { doc: Doc; bytes: Uint8Array | null } {
  const { doc: next, envelopes } = editDoc(crypto, doc, authorOf(seed, founded.fleet), changes)
  return { doc: next, bytes: envelopes[0]?.bytes ?? null }
}

export const grant = (seed: number, role: string): Map<string, Scalar> => new Map([[fleetPaths.role(testSigner(seed).operator), role]])
export const revoke = (seed: number): Map<string, Scalar> => new Map([[fleetPaths.revoked(testSigner(seed).operator), 1]])

export function take(founded: Founded, doc: Doc | undefined, bytes: Uint8Array): { readonly doc: Doc | undefined; readonly code: string } {
  const admitted = admit(crypto, doc, bytes, { fleet: founded.fleet, rights: doc === undefined ? undefined : fleetRights(doc) })
  return admitted.ok ? { doc: admitted.value.doc, code: admitted.value.kind } : { doc, code: admitted.code }
}

/** Everything in any order, again and again until nothing more goes in; what is final is refused once for all. */
export function takeAll(founded: Founded, envelopes: readonly Uint8Array[]): Doc {
  let doc = take(founded, undefined, founded.bytes).doc
  let waiting = [...envelopes]
  for (let before = -1; waiting.length !== before;) {
    before = waiting.length
    waiting = waiting.filter((bytes) => {
      const taken = take(founded, doc, bytes)
      doc = taken.doc
      return taken.code === 'E_MISSING' || taken.code === 'E_RIGHT'
    })
  }
  assert(doc !== undefined, 'the founding change is always taken')
  return doc
}

/** What happens at one of several replicas: a key writes, whether or not it may, or the replica takes what another has. */
export type Move =
  | {
      readonly kind: 'write'
      readonly at: number
      readonly by: number
      readonly changes: (doc: Doc, index: number) => ReadonlyMap<string, Scalar>
    }
  | { readonly kind: 'merge'; readonly at: number; readonly from: number }

/** Plays it; every envelope that was signed, also by keys without a right. */
export function play(founded: Founded, replicas: number, moves: readonly Move[]): readonly Uint8Array[] {
  const docs: (Doc | undefined)[] = Array.from({ length: replicas }, () => founded.doc)
  const sent: Uint8Array[][] = Array.from({ length: replicas }, () => [])
  const all: Uint8Array[] = []
  for (const [index, move] of moves.entries()) {
    const { at } = move
    if (move.kind === 'merge') {
      for (const bytes of sent[move.from]!) {
        docs[at] = take(founded, docs[at], bytes).doc
        if (!sent[at]!.includes(bytes)) sent[at]!.push(bytes)
      }
      continue
    }
    const { bytes } = edited(founded, docs[at]!, move.by, move.changes(docs[at]!, index))
    if (bytes === null) continue
    all.push(bytes)
    const taken = take(founded, docs[at], bytes)
    if (taken.code !== 'applied') continue
    docs[at] = taken.doc
    sent[at]!.push(bytes)
  }
  return all
}

export function shuffled<T>(list: readonly T[], numbers: Iterator<number>): T[] {
  const rest = [...list]
  const out: T[] = []
  while (rest.length > 0) out.push(...rest.splice((numbers.next().value as number) % rest.length, 1))
  return out
}
