// Rotation of the pre-shared key. Admins say in the fleet document by digest which keys are open and which are closed; the keys themselves
// go from member to member on connections on which Noise has proved who the other end is, to whoever asks and is heard. A board uses a key
// once it is on disk, passes it on after that, and gives up a closed one only when it has an open one: at every moment it has one by
// which it can be reached. Nothing of this happens in a fleet that never rotated its key.

import { type PskDigest, pskDigest, pskFromRegisters, shortPskDigest, usablePsks } from '../../crdt/documents/psk.ts'
import { type NodeId, fleetDocId } from '../../crdt/ids.ts'
import { isCertified, isHeard } from './admission.ts'
import { rightsHere } from './documents.ts'
import type { StoreRecords } from './event.ts'
import { coreLimits } from './limits.ts'
import type { Psks } from './psk-state.ts'
import { type State, type Step, note } from './state.ts'
import { encodeFrame, wireLimits } from './wire.ts'

const recordPrefix = 'meta/psk/'

/** The join file's key, and those that came later. */
export function restorePsks({ state, env }: Step, records: StoreRecords): void {
  const { psk, fleet } = state.boot.config
  const kept = records.flatMap(([key, bytes]) => (key.startsWith(recordPrefix) && bytes.length === wireLimits.pskBytes ? [bytes] : []))
  for (const key of psk === undefined ? kept : [psk, ...kept]) state.psks.held.set(pskDigest(env.crypto, fleet, key), key)
  // The network began with that one.
  if (psk !== undefined) state.psks.used = pskDigest(env.crypto, fleet, psk)
}

function ringOf({ held, statements }: Psks): readonly PskDigest[] {
  return usablePsks(statements, [...held.keys()])
}

export function missingPsks({ statements, held }: Psks): readonly PskDigest[] {
  return statements.open.filter((digest) => !held.has(digest))
}

/** After each step: what the fleet document says now, and what is still missing. */
export function psksDue(step: Step): void {
  const { state } = step
  const { psks } = state
  const fleet = state.docs.get(fleetDocId)
  if (fleet !== psks.fleet) {
    psks.fleet = fleet
    psks.statements = pskFromRegisters(rightsHere(state)?.doc.registers ?? new Map())
    useRing(step)
    askForPsks(step, [...state.peers.keys()])
  } else if (step.now >= psks.askAt && missingPsks(psks).length > 0) askForPsks(step, [...state.peers.keys()])
}

function useRing(step: Step): void {
  const { state, out } = step
  const { psks } = state
  const ring = ringOf(psks)
  const used = ring.join(' ')
  if (used === psks.used) return
  psks.used = used
  const gone = [...psks.held.keys()].filter((digest) => psks.statements.closed.has(digest) && !ring.includes(digest))
  for (const digest of gone) psks.held.delete(digest)
  if (gone.length > 0)
    out.push({ kind: 'persist', writes: gone.map((digest) => ({ key: recordPrefix + digest, value: null })), sync: true })
  out.push({ kind: 'use-psk', keys: ring.map((digest) => psks.held.get(digest)!) })
  state.ownStale = true
}

/**
 * What the own document says of it; '': nothing was ever rotated, or this board has not heard of it. Of a key that a full disk may not have
 * taken it says nothing: the old one would be closed, and a power cut leave this board with none.
 */
export function newestPsk({ psks, storeProblem }: State): string {
  if (storeProblem !== null) return ''
  const newest = psks.statements.open.find((digest) => psks.held.has(digest))
  return newest === undefined ? '' : shortPskDigest(newest)
}

export function askForPsks(step: Step, peers: readonly NodeId[]): void {
  const { state } = step
  const missing = missingPsks(state.psks).slice(0, wireLimits.pskDigestsMax)
  if (missing.length === 0) return
  state.psks.askAt = step.now + coreLimits.pskAskEveryMs
  const frame = encodeFrame({ kind: 'psk-want', digests: missing })
  for (const peer of peers) if (isHeard(state, peer)) step.out.push({ kind: 'send', to: peer, frame })
}

/** From a board that is heard, on its own connection. */
export function pskWanted(step: Step, from: NodeId, digests: readonly PskDigest[]): void {
  const { state } = step
  // In an open fleet whoever has the old key would be handed the new one.
  if (!isCertified(state)) return
  for (const digest of digests.filter((one) => state.psks.statements.open.includes(one))) {
    const key = state.psks.held.get(digest)
    if (key !== undefined) step.out.push({ kind: 'send', to: from, frame: encodeFrame({ kind: 'psk', key }) })
    else state.psks.askers.set(digest, (state.psks.askers.get(digest) ?? new Set()).add(from))
  }
}

/** Whoever brings it: an admin has signed its digest. False: none has, as far as this board knows. */
export function pskCame(step: Step, key: Uint8Array): boolean {
  const { state, env, out } = step
  const { psks, boot } = state
  const digest = pskDigest(env.crypto, boot.config.fleet, key)
  if (!psks.statements.open.includes(digest)) return false
  if (psks.held.has(digest)) return true
  psks.held.set(digest, key)
  out.push({ kind: 'persist', writes: [{ key: recordPrefix + digest, value: key }], sync: true })
  useRing(step)
  note(step, `took a new pre-shared key (${shortPskDigest(digest)})`)
  const askers = psks.askers.get(digest) ?? new Set()
  psks.askers.delete(digest)
  // It may have been evicted since it asked; who has gone asks again.
  for (const asker of askers) if (state.peers.has(asker) && isHeard(state, asker)) pskWanted(step, asker, [digest])
  return true
}

/** For operators, whose contexts need it as boards do: the valid keys, newest first. */
export function validPsks({ psks }: State): readonly Uint8Array[] {
  return ringOf(psks).map((digest) => psks.held.get(digest)!)
}
