// The node's documents: admitting envelopes through the gate, keeping store and digests in step with what is in memory. Every
// change of `state.docs` after boot (`restore.ts`) passes through `put`. Upholds invariants 4, 6, 7, 17, 18.

import type { Doc } from '../../crdt/doc.ts'
import { decodeEnvelope, type Envelope } from '../../crdt/envelope.ts'
import { admitDecoded, type Admitted, type Authority, type GateCode } from '../../crdt/gate.ts'
import { type Result, refuse } from '../../crdt/errors.ts'
import { leftPath } from '../../crdt/documents/node.ts'
import { type DocId, compareText, fleetDocId, nodeDocId } from '../../crdt/ids.ts'
import { type FleetRights, fleetRights } from '../../crdt/rights/fleet-rights.ts'
import { judgeDoc } from '../../crdt/rights/judge-doc.ts'
import { hearOwnChange } from './clone-proof.ts'
import { coreLimits } from './limits.ts'
import type { StoreWrite } from './ports.ts'
import { countRefusal } from './refusals.ts'
import { hide, showDigest } from './shown.ts'
import { type Env, type State, type Step, log, lookSoon, note } from './state.ts'

export const envelopeKey = (hash: string): string => `env/${hash}`
export const docKey = (id: DocId): string => `doc/${id}`

/** What the fleet document that is here says about keys. */
export function rightsHere(state: Pick<State, 'docs'>): FleetRights | undefined {
  const fleet = state.docs.get(fleetDocId)
  return fleet === undefined ? undefined : fleetRights(fleet)
}

/** A document as it counts: without what is void in it. */
export function judgedHere(state: Pick<State, 'docs'>, id: DocId): Doc | undefined {
  const [doc, rights] = [state.docs.get(id), rightsHere(state)]
  return doc === undefined || rights === undefined ? doc : judgeDoc(doc, rights)
}

/** Whose changes are taken in, from the fleet document as it is here. */
export function authorityHere(state: State): Authority {
  return { fleet: state.boot.config.fleet, rights: rightsHere(state) }
}

/** Admits an envelope from a peer, a file or an operator. What it changes is persisted before anything later in this step is sent. */
export function receive(step: Step, bytes: Uint8Array, durable: boolean): Result<Admitted, GateCode> {
  const { state } = step
  const decoded = state.engine.decodeEnvelope(bytes)
  if (!decoded.ok) return refused(step, decoded)
  const envelope = decoded.value
  if (envelope.doc !== fleetDocId && envelope.pool !== state.boot.config.pool) {
    return refused(step, refuse('E_POOL', `${envelope.doc} belongs to pool ${envelope.pool}, this node to ${state.boot.config.pool}`))
  }
  const known = state.docs.get(envelope.doc)
  if (known === undefined && state.docs.size >= coreLimits.documentsMax) {
    return refused(step, refuse('E_SIZE', `this node holds ${coreLimits.documentsMax} documents already; ${envelope.doc} is one too many`))
  }
  if (envelope.doc === nodeDocId(state.boot.config.self)) return ownFromAbroad(step, known, envelope)
  const admitted = state.engine.admit(known, envelope, authorityHere(state))
  if (!admitted.ok) return refused(step, admitted)
  if (admitted.value.kind === 'applied') put(step, known, admitted.value.doc, [admitted.value.envelope], durable)
  else if (state.lacking.delete(envelope.hash)) regain(step, admitted.value.doc, envelope)
  return admitted
}

/** The store had lost this envelope of a document that is here; a peer has sent it again. */
function regain(step: Step, doc: Doc, envelope: Envelope): void {
  step.out.push({ kind: 'persist', writes: [{ key: envelopeKey(envelope.hash), value: envelope.bytes }], sync: false })
  showDigest(step.state, doc)
}

/**
 * A node never takes its own document from others. If they hold something of it that this disk does not, the disk is an old
 * one: go on at 1 + the highest epoch seen, so that what this node says now replaces it everywhere.
 */
function ownFromAbroad(step: Step, own: Doc | undefined, envelope: Envelope): Result<Admitted, GateCode> {
  const { state } = step
  const checked = state.engine.admit(undefined, envelope, authorityHere(state))
  // In this board's name, and not signed by it: whoever sends that is to blame as for any other's.
  if (!checked.ok && checked.code === 'E_SIGNATURE') return refused(step, checked)
  const genuine = checked.ok || checked.code === 'E_MISSING'
  const unknown = own === undefined || (envelope.epoch >= own.epoch && !own.envelopes.some((ref) => ref.hash === envelope.hash))
  if (genuine && unknown) {
    hearOwnChange(step, envelope, checked.ok ? checked.value.doc : null)
    const highest = Math.max(envelope.epoch, own?.epoch ?? 0)
    if (state.ownEpochFloor <= highest && step.now >= state.epochJumps.nextAt) jumpTo(step, highest + 1)
  }
  return refuse('E_RIGHT', 'a node never takes its own document from others')
}

/**
 * An old disk needs one jump, which is made at once. Further ones mean that somebody else writes as this node: two boards with one
 * key would answer each other's epochs at the speed of the network. What is passed over while this waits, anti-entropy brings again.
 */
function jumpTo(step: Step, epoch: number): void {
  const { state } = step
  const count = state.epochJumps.count + 1
  const waitMs = Math.min(coreLimits.epochJumpMsMin * 2 ** Math.min(count - 1, 30), coreLimits.epochJumpMsMax)
  state.epochJumps = { count, nextAt: step.now + waitMs }
  state.ownEpochFloor = epoch
  state.ownStale = true
  if (count === 1) return note(step, `peers hold newer changes of this node than its disk; going on at epoch ${epoch}`)
  note(
    step,
    `another board seems to have this node's key (a copied SD card or data directory): going on at epoch ${epoch}. ` +
      'Stop one of the two, empty its data directory and let it join anew',
    'warn',
  )
}

function refused(step: Step, refusal: { readonly ok: false; readonly code: GateCode; readonly message: string }): typeof refusal {
  countRefusal(step.state, refusal.code)
  if (refusal.code !== 'E_MISSING' && refusal.code !== 'E_EPOCH_OLD')
    log(step, 'debug', `envelope refused: ${refusal.message}`, { code: refusal.code })
  return refusal
}

/** Takes a document's new state: memory, digests, store. */
export function put(step: Step, before: Doc | undefined, doc: Doc, fresh: readonly Envelope[], durable: boolean): void {
  const { state } = step
  state.docs.set(doc.id, doc)
  showDigest(state, doc)
  if (doc.kind === 'node' && !durable) lookSoon(step, coreLimits.lookDelayMs)
  else state.viewStale = true
  state.lastChangeAt = step.now
  if (doc.kind !== 'node') {
    state.receiptsDueAt ??= step.now + coreLimits.receiptDelayMs
    state.changedAt.set(doc.id, step.now)
  }
  const writes: StoreWrite[] = fresh.map((envelope) => ({ key: envelopeKey(envelope.hash), value: envelope.bytes }))
  if (before !== undefined && before.epoch !== doc.epoch) {
    for (const old of before.envelopes) {
      writes.push({ key: envelopeKey(old.hash), value: null })
      state.lacking.delete(old.hash)
    }
  }
  state.unsaved.add(doc.id)
  state.saveAt ??= step.now + coreLimits.saveDelayMs
  step.out.push({ kind: 'persist', writes, sync: durable || isFarewell(before, doc) })
}

/** Its board says nothing after this, and ends once another board shows that it has it: a power cut must not take it from that one. */
function isFarewell(before: Doc | undefined, doc: Doc): boolean {
  return doc.kind === 'node' && doc.registers.get(leftPath) === true && before?.registers.get(leftPath) !== true
}

/** The document is as if it had never come: memory, digests, store. */
export function drop(step: Step, doc: Doc): void {
  const { state } = step
  state.docs.delete(doc.id)
  hide(state, doc.id)
  for (const { hash } of doc.envelopes) state.lacking.delete(hash)
  state.unsaved.delete(doc.id)
  state.changedAt.delete(doc.id)
  state.viewStale = true
  state.lastChangeAt = step.now
  const keys = [docKey(doc.id), ...doc.envelopes.map((ref) => envelopeKey(ref.hash))]
  step.out.push({ kind: 'persist', writes: keys.map((key) => ({ key, value: null })), sync: false })
}

/** Brings the records of changed documents up to date, a few at a time. */
export function saveDue(step: Step): void {
  const { state } = step
  if (state.saveAt === null || state.saveAt > step.now) return
  const writes: StoreWrite[] = []
  for (const id of state.unsaved) {
    if (writes.length >= coreLimits.savedPerStepMax) break
    state.unsaved.delete(id)
    const doc = state.docs.get(id)
    if (doc !== undefined) writes.push({ key: docKey(id), value: state.engine.encodeDoc(doc) })
  }
  if (writes.length > 0) step.out.push({ kind: 'persist', writes, sync: false })
  state.saveAt = state.unsaved.size === 0 ? null : step.now + coreLimits.saveAgainMs
}

/** Memory only: for `job.plan`, which asks what would be. */
export function admitAside(env: Env, state: State, bytes: Uint8Array, docs: Map<DocId, Doc>): Result<Admitted, GateCode> {
  const decoded = decodeEnvelope(env.crypto, bytes)
  if (!decoded.ok) return decoded
  const admitted = admitDecoded(env.crypto, docs.get(decoded.value.doc), decoded.value, authorityHere(state))
  if (admitted.ok) docs.set(admitted.value.doc.id, admitted.value.doc)
  return admitted
}

/** The operators' documents in order of id. */
export function operatorsDocs(state: State): Doc[] {
  return [...state.docs.values()].filter((doc) => doc.kind !== 'node').sort((a, b) => compareText(a.id, b.id))
}
