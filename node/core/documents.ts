// The node's documents: restoring them at boot, admitting envelopes through the gate, keeping store and digests in step with
// what is in memory. Every change of `state.docs` passes through `put`. Upholds invariants 4, 6, 7, 17, 18.

import { setDigest } from '../../crdt/anti-entropy.ts'
import type { Doc } from '../../crdt/doc.ts'
import { decodeEnvelope, type Envelope } from '../../crdt/envelope.ts'
import { admit, type Admitted, type Authority, type GateCode } from '../../crdt/gate.ts'
import { type Result, refuse } from '../../crdt/errors.ts'
import { type DocId, compareText, fleetDocId, nodeDocId } from '../../crdt/ids.ts'
import { decodeDoc, encodeDoc } from '../../crdt/replica.ts'
import { fleetFromRegisters } from '../../crdt/documents/fleet.ts'
import { coreLimits } from './limits.ts'
import type { StoreWrite } from './ports.ts'
import { type Env, type State, type Step, log, note } from './state.ts'

export const envelopeKey = (hash: string): string => `env/${hash}`
export const docKey = (id: DocId): string => `doc/${id}`

/** Who may write what, from the fleet document as it is here. */
export function authorityOf(state: State): Authority {
  const fleet = state.docs.get(fleetDocId)
  const operators = fleet === undefined ? undefined : fleetFromRegisters(fleet.registers).operators
  return { fleet: state.boot.config.fleet, roleOf: (operator) => operators?.get(operator) }
}

/** Admits an envelope from a peer, a file or an operator. What it changes is persisted before anything later in this step is sent. */
export function receive(step: Step, bytes: Uint8Array, durable: boolean): Result<Admitted, GateCode> {
  const { state, env } = step
  const decoded = decodeEnvelope(env.crypto, bytes)
  if (!decoded.ok) return refused(step, decoded)
  const envelope = decoded.value
  if (envelope.doc !== fleetDocId && envelope.pool !== state.boot.config.pool) {
    return refused(step, refuse('E_POOL', `${envelope.doc} belongs to pool ${envelope.pool}, this node to ${state.boot.config.pool}`))
  }
  const known = state.docs.get(envelope.doc)
  if (envelope.doc === nodeDocId(state.boot.config.self)) return ownFromAbroad(step, known, envelope, bytes)
  const admitted = admit(env.crypto, known, bytes, authorityOf(state))
  if (!admitted.ok) return refused(step, admitted)
  if (admitted.value.kind === 'applied') put(step, known, admitted.value.doc, [admitted.value.envelope], durable)
  return admitted
}

/**
 * A node never takes its own document from others. If they hold something of it that this disk does not, the disk is an old
 * one: go on at 1 + the highest epoch seen, so that what this node says now replaces it everywhere.
 */
function ownFromAbroad(step: Step, own: Doc | undefined, envelope: Envelope, bytes: Uint8Array): Result<Admitted, GateCode> {
  const { state, env } = step
  const checked = admit(env.crypto, undefined, bytes, authorityOf(state))
  const genuine = checked.ok || checked.code === 'E_MISSING'
  const unknown = own === undefined || (envelope.epoch >= own.epoch && !own.envelopes.some((ref) => ref.hash === envelope.hash))
  if (genuine && unknown) {
    const highest = Math.max(envelope.epoch, own?.epoch ?? 0)
    if (state.ownEpochFloor <= highest) {
      state.ownEpochFloor = highest + 1
      state.ownStale = true
      note(step, `peers hold newer changes of this node than its disk; going on at epoch ${state.ownEpochFloor}`)
    }
  }
  return refuse('E_RIGHT', 'a node never takes its own document from others')
}

function refused(step: Step, refusal: { readonly ok: false; readonly code: GateCode; readonly message: string }): typeof refusal {
  step.state.refusals[refusal.code] = (step.state.refusals[refusal.code] ?? 0) + 1
  if (refusal.code !== 'E_MISSING' && refusal.code !== 'E_EPOCH_OLD') log(step, 'debug', `envelope refused: ${refusal.message}`, { code: refusal.code })
  return refusal
}

/** Takes a document's new state: memory, digests, store. */
export function put(step: Step, before: Doc | undefined, doc: Doc, fresh: readonly Envelope[], durable: boolean): void {
  const { state } = step
  state.docs.set(doc.id, doc)
  if (doc.id === fleetDocId) setDigest(state.index.fleet, doc.id, doc.digest)
  setDigest(state.index.pool, doc.id, doc.digest)
  state.viewStale = true
  state.lastChangeAt = step.now
  if (doc.kind !== 'node') state.receiptsDueAt ??= step.now + coreLimits.receiptDelayMs
  state.digests.set(doc.id, [...(state.digests.get(doc.id) ?? []).slice(1 - coreLimits.digestsKeptMax), doc.digest])
  const writes: StoreWrite[] = fresh.map((envelope) => ({ key: envelopeKey(envelope.hash), value: envelope.bytes }))
  if (before !== undefined && before.epoch !== doc.epoch) {
    for (const old of before.envelopes) writes.push({ key: envelopeKey(old.hash), value: null })
  }
  writes.push({ key: docKey(doc.id), value: encodeDoc(doc) })
  step.out.push({ kind: 'persist', writes, sync: durable })
}

/** Memory only: for `job.plan`, which asks what would be. */
export function admitAside(env: Env, state: State, bytes: Uint8Array, docs: Map<DocId, Doc>): Result<Admitted, GateCode> {
  const decoded = decodeEnvelope(env.crypto, bytes)
  if (!decoded.ok) return decoded
  const admitted = admit(env.crypto, docs.get(decoded.value.doc), bytes, authorityOf(state))
  if (admitted.ok) docs.set(admitted.value.doc.id, admitted.value.doc)
  return admitted
}

/** Fills the state from the records that the store held. A record that cannot be read is rebuilt from its envelopes. */
export function restore(step: Step): void {
  const { state, env } = step
  for (const [key, bytes] of state.boot.records) {
    if (!key.startsWith('doc/')) continue
    const doc = decodeDoc(env.crypto, bytes)
    if (!doc.ok) {
      note(step, `the record of ${key.slice(4)} is damaged and is rebuilt from its signed changes: ${doc.message}`)
      continue
    }
    state.docs.set(doc.value.id, doc.value)
    state.digests.set(doc.value.id, [doc.value.digest])
    if (doc.value.id === fleetDocId) setDigest(state.index.fleet, doc.value.id, doc.value.digest)
    setDigest(state.index.pool, doc.value.id, doc.value.digest)
  }
  for (const bytes of state.boot.config.fleetEnvelopes) receive(step, bytes, true)
  rebuild(step)
}

/** Admits stored envelopes whose document did not come back; several rounds, since keys are hashes and say nothing of order. */
function rebuild(step: Step): void {
  const { state, env } = step
  let waiting: Uint8Array[] = []
  for (const [key, bytes] of state.boot.records) if (key.startsWith('env/')) waiting.push(bytes)
  for (let before = -1; waiting.length > 0 && waiting.length !== before; ) {
    before = waiting.length
    waiting = waiting.filter((bytes) => {
      const decoded = decodeEnvelope(env.crypto, bytes)
      if (!decoded.ok) return false
      const known = state.docs.get(decoded.value.doc)
      const admitted = admit(env.crypto, known, bytes, authorityOf(state))
      if (admitted.ok && admitted.value.kind === 'applied') put(step, known, admitted.value.doc, [admitted.value.envelope], false)
      return !admitted.ok && (admitted.code === 'E_MISSING' || admitted.code === 'E_RIGHT')
    })
  }
}

/** The operators' documents in order of id. */
export function operatorsDocs(state: State): Doc[] {
  return [...state.docs.values()].filter((doc) => doc.kind !== 'node').sort((a, b) => compareText(a.id, b.id))
}
