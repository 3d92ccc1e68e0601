// Whom this node listens to: the fleet's documents say who belongs to it, and what a peer shows on its connection says it of one whose
// document has not come. Everything that takes in bytes of others asks here first, the network's adapter as well.

import { admissionRules, isTooLate, judgeAlone } from '../../crdt/admission/admission.ts'
import { fromBase64 } from '../../crdt/base64.ts'
import { opsFromRegisters, opsPaths } from '../../crdt/documents/ops.ts'
import { type AuthorId, type NodeId, opsDocId } from '../../crdt/ids.ts'
import { type WaitingReason, isMember } from '../../crdt/view.ts'
import { isShunned } from './conduct/state.ts'
import { judgedHere, rightsHere } from './documents.ts'
import { coreLimits } from './limits.ts'
import { type Peer, type State, isEvicted } from './state.ts'

/** Whether a certificate is needed here at all. */
export function isCertified(state: Pick<State, 'view'>): boolean {
  return state.view.fleet.admission === 'certified'
}

/** Neither evicted nor waiting, as far as this node knows: what it says is looked at. */
export function isHeard(state: State, node: NodeId): boolean {
  if (isEvicted(state, node)) return false
  return !isCertified(state) || isHeardByDocuments(state, node) || state.peers.get(node)?.waits === null
}

function isHeardByDocuments({ boot, view }: State, node: NodeId): boolean {
  const known = view.nodes.get(node)
  return node === boot.config.self || (known !== undefined && isMember(known))
}

/**
 * May it have a connection, unless it is banned here: whoever is heard, whoever has a right (operators are no nodes), who must be told that it is evicted, and so many
 * at a time that have yet to say who they are.
 */
export function mayConnect(state: State, peer: string): boolean {
  const id = peer as NodeId
  if (isShunned(state, id)) return false
  if (!isCertified(state) || isHeard(state, id) || isEvicted(state, id) || state.peers.has(id)) return true
  if (rightsHere(state)?.now.has(peer as AuthorId) === true) return true
  // A board that waits itself has nothing to keep, and one of these may let it in.
  return waitsEverywhere(state) !== null || unknownPeers(state) < coreLimits.unknownPeersMax
}

/** Connections of which nobody has said yet whose they are: who waits afterwards makes another one go. */
function unknownPeers({ peers }: State): number {
  let unknown = 0
  for (const { pool } of peers.values()) if (pool === null) unknown++
  return unknown
}

/** It is not admitted at any board that it is connected to, as far as they said; null: it is, or is connected to none. */
export function waitsEverywhere(state: State): WaitingReason | null {
  const told = [...state.peers].filter(([id, { pool }]) => pool !== null && isHeard(state, id)).map(([, { waitsThere }]) => waitsThere)
  return told.length > 0 && told.every((reason) => reason !== null) ? (told[0] ?? null) : null
}

/** Connected boards that are not heard, and have said who they are. */
export function waitingPeers(state: State): readonly (readonly [NodeId, Peer])[] {
  return [...state.peers].filter(([id, peer]) => peer.pool !== null && peer.waits !== null && !isHeard(state, id) && !isEvicted(state, id))
}

/** Why a connected board waits; null: it is heard. `now`: monotonic ms. */
export function reasonToWait(state: State, node: NodeId, peer: Peer, now: number): WaitingReason | null {
  const rights = rightsHere(state)
  if (!isCertified(state) || rights === undefined || isHeardByDocuments(state, node) || peer.pool === null) return null
  const rules = admissionRules(rights)
  const candidate = { node, pool: peer.pool, certificate: peer.certificate, admitted: '', evicted: false }
  const judged = judgeAlone(rules, candidate)
  if (judged.kind === 'waiting') return judged.reason
  const terms = peer.certificate === null || !canTellNewcomers(state, peer) ? undefined : rules.tokens.get(peer.certificate.token)
  // A board that is known is heard by its documents, and was not asked.
  return terms !== undefined && isTooLate(terms, now + state.wallOffset) ? 'token-expired' : null
}

/** Documents of other pools are never here, and a board that is new itself knows nobody: neither may take a member for a newcomer. */
function canTellNewcomers({ boot, view }: State, peer: Peer): boolean {
  return peer.pool === boot.config.pool && view.nodes.size > 1
}

/** What this node shows: an operator's word if it has one that boards of every pool can check, else the certificate that it made itself. */
export function shownCertificate(state: State): Uint8Array | null {
  const { self, fleet, certificate, pool } = state.boot.config
  const ops = judgedHere(state, opsDocId(self))
  const word = ops?.registers.get(opsPaths.certificate)
  if (ops === undefined || typeof word !== 'string' || opsFromRegisters(ops.registers).admitted !== pool) return certificate
  const bytes = fromBase64(word)
  const read = bytes.ok ? state.engine.readCertificate(fleet, bytes.value) : null
  const rights = rightsHere(state)
  if (!bytes.ok || read === null || rights === undefined) return certificate
  // The key that signed it may have been revoked since.
  const judged = judgeAlone(admissionRules(rights), { node: self, pool, certificate: read, admitted: '', evicted: false })
  return judged.kind === 'member' ? bytes.value : certificate
}
