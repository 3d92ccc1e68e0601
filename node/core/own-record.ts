// The node's own document: what this board is and what it holds. The record is computed from the state and compared with the
// document, so a step writes at most one envelope however much happened in it. Upholds invariants 6, 8 and 24.

import { authoredHeads } from '../../crdt/authored.ts'
import { toBase64 } from '../../crdt/base64.ts'
import type { Doc } from '../../crdt/doc.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import { nodeFromRegisters, nodeToRegisters, type NodeRecord } from '../../crdt/documents/node.ts'
import { claimRegisters, isFull, registersAhead } from '../../crdt/documents/node-growth.ts'
import { needsCompaction } from '../../crdt/epoch.ts'
import { type DocId, type SlotId, nodeDocId } from '../../crdt/ids.ts'
import { limits } from '../../crdt/limits.ts'
import { type Scalar, difference } from '../../crdt/registers.ts'
import { emptyDoc } from '../../crdt/replica.ts'
import type { Claim, DriverHealth, Resources } from '../../crdt/view.ts'
import type { Alloc } from './allocs/alloc.ts'
import { claimOf } from './allocs/claim.ts'
import { clonesNow, isSentAway } from './clones.ts'
import { toldDevices } from './devices.ts'
import { operatorsDocs, put } from './documents.ts'
import { coreLimits } from './limits.ts'
import { setOwnHeads } from './liveness/liveness.ts'
import { performLiveness } from './perform-liveness.ts'
import { newestPsk } from './psk.ts'
import { envelopeFrames } from './wire.ts'
import { type State, type Step, note } from './state.ts'

/** Brings the own document up to date and spreads the change. True when something was written. */
export function writeOwn(step: Step): boolean {
  const { state, env } = step
  // The document is the other machine's.
  if (isSentAway(state)) return false
  const id = nodeDocId(state.boot.config.self)
  const own = state.docs.get(id) ?? emptyDoc(env.crypto, id, state.boot.config.pool)
  const wanted = wantedRegisters(state, own, step.now)
  const changes = difference(own.registers, wanted)
  const result =
    state.ownEpochFloor > own.epoch || needsCompaction(own) || outgrows(own, changes)
      ? state.engine.compact({ ...own, epoch: Math.max(own.epoch, state.ownEpochFloor - 1) }, state.author, wanted)
      : state.engine.edit(own, state.author, changes)
  if (result.envelopes.length === 0) return false
  put(step, state.docs.get(id), result.doc, result.envelopes, true)
  for (const frame of envelopeFrames(result.envelopes.map((envelope) => envelope.bytes)))
    step.out.push({ kind: 'broadcast', topic: 'pool', frame })
  performLiveness(step, setOwnHeads(state.liveness, authoredHeads(result.doc), step.now))
  return true
}

/** Peers would refuse it, and with it all that comes after. A new epoch has room: what is deleted is left out of it. */
function outgrows(own: Doc, changes: ReadonlyMap<string, Scalar>): boolean {
  let size = own.registers.size
  for (const path of changes.keys()) if (!own.registers.has(path)) size++
  return size > limits.docRegistersMax
}

/** Receipts wait for company, since each is a change of this document that the whole pool checks: whatever else is written takes them along. */
function wantedRegisters(state: State, own: Doc, now: number): Map<string, Scalar> {
  const { receiptsDueAt } = state
  if (receiptsDueAt === null) return nodeToRegisters(recordOf(state))
  if (receiptsDueAt > now) {
    const others = nodeToRegisters(recordOf(state))
    if (difference(own.registers, others).size === 0) return others
  }
  const wanted = operatorsDocs(state).filter((doc) => isReceiptWanted(state, doc, now))
  state.receipts = Object.fromEntries(wanted.map((doc) => [doc.id, doc.digest]))
  state.receiptsDueAt = null
  return nodeToRegisters(recordOf(state))
}

function isReceiptWanted(state: State, doc: Doc, now: number): boolean {
  if (doc.kind !== 'job' || doc.registers.get(jobPaths.desired) !== 'removed') return true
  // A receipt from before this boot has its time, too; one that was dropped does not come back.
  const changedAt = state.changedAt.get(doc.id) ?? (doc.id in state.receipts ? state.boot.now : null)
  return changedAt !== null && now - changedAt < coreLimits.receiptOfRemovedMs
}

/**
 * Room for new claims in the own document. Peers refuse one that is too large, and would hear nothing more of this board: its slots
 * would be given to others while they run here.
 */
export function hasRoomFor(step: Step, alloc: Alloc): boolean {
  const { state } = step
  const saved = state.docs.get(nodeDocId(state.boot.config.self))?.saved.length ?? 0
  state.registersLeft ??= limits.nodeDocRegistersFull - registersAhead(recordOf(state))
  const isRoom = !isFull(limits.nodeDocRegistersFull - state.registersLeft) && saved < limits.docBytesAim
  if (isRoom) state.registersLeft -= claimRegisters(claimOf(alloc, state.boot.config.self))
  else if (!state.fullSaid) note(step, 'document-full: this board takes no new claims until some of its jobs are removed')
  state.fullSaid = !isRoom
  return isRoom
}

function recordOf(state: State): NodeRecord {
  const { config, host } = state.boot
  const drivers: Record<string, DriverHealth> = {}
  const attributes: Record<string, string> = { ...host.attributes }
  const images = new Set<string>()
  for (const [name, print] of Object.entries(state.fingerprints)) {
    drivers[name] = print.health
    Object.assign(attributes, print.attributes)
    for (const image of print.images) images.add(image)
  }
  return {
    name: config.name,
    pool: config.pool,
    capacity: usable(config.capacity ?? host, config.reserved),
    attributes,
    labels: config.labels,
    drivers,
    images: [...images].sort(),
    dynamicPorts: config.dynamicPorts,
    allocsMax: config.allocsMax,
    devices: toldDevices(state),
    addresses: state.addresses,
    agentVersion: config.version,
    planVersion: state.planVersion,
    receipts: state.receipts,
    left: state.leave.left,
    certificate: config.certificate === null ? '' : toBase64(config.certificate),
    clones: clonesNow(state),
    psk: newestPsk(state),
    claims: claimsOf(state),
    verdicts: state.verdicts,
  }
}

/** Reserved resources are never handed out, so that the board stays usable when every task takes what it asked for. */
function usable(all: Resources, reserved: Resources): Resources {
  return {
    cpuMhz: Math.max(0, Math.trunc(all.cpuMhz - reserved.cpuMhz)),
    memoryMib: Math.max(0, Math.trunc(all.memoryMib - reserved.memoryMib)),
    diskMib: Math.max(0, Math.trunc(all.diskMib - reserved.diskMib)),
  }
}

function claimsOf(state: State): ReadonlyMap<SlotId, Claim> {
  const claims = new Map<SlotId, Claim>()
  for (const [slot, claim] of state.ended) claims.set(slot, claim)
  for (const [slot, alloc] of state.allocs) claims.set(slot, claimOf(alloc, state.boot.config.self))
  return claims
}

/** What the own document said when the board went down: ended claims and verdicts. Live claims are restored by `boot.ts`. */
export function readOwn(step: Step): NodeRecord | null {
  const { state } = step
  const id: DocId = nodeDocId(state.boot.config.self)
  const own = state.docs.get(id)
  if (own === undefined) return null
  const record = nodeFromRegisters(state.boot.config.self, own.registers)
  for (const [slot, verdicts] of record.verdicts) state.verdicts.set(slot, verdicts)
  state.receipts = record.receipts
  note(step, `restored: ${state.docs.size} documents, own epoch ${own.epoch}`)
  return record
}
