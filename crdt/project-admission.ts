// Who is a member, beside the view: judged anew when the fleet document, an operator's word or a certificate changed, over all nodes that
// the pool has documents of. Equal documents give equal answers; what a peer shows on its connection is not asked here.

import { type AdmissionRules, type Candidate, admissionRules } from './admission/admission.ts'
import { fromBase64 } from './base64.ts'
import type { DocumentReader } from './engine.ts'
import type { FleetId, NodeId } from './ids.ts'
import type { FleetRights } from './rights/fleet-rights.ts'
import type { NodeView } from './view.ts'

export type Standing = NonNullable<NodeView['admission']>

export interface AdmissionMemory {
  readonly candidates: Map<NodeId, Candidate>
  /** Their certificates as they stand in their documents. */
  readonly shown: Map<NodeId, string>
  rules: AdmissionRules | undefined
  /** A candidate came, changed or went since these were judged. */
  isStale: boolean
  /** Of those that are no full members. */
  standings: ReadonlyMap<NodeId, Standing>
}

export function emptyAdmissions(): AdmissionMemory {
  return { candidates: new Map(), shown: new Map(), rules: undefined, isStale: false, standings: new Map() }
}

/** What a node's documents say of its admission; a certificate is checked when it is another one than before. */
export function takeCandidate(
  reader: DocumentReader,
  memory: AdmissionMemory,
  rights: FleetRights | undefined,
  told: Omit<Candidate, 'certificate'> & { readonly certificate: string },
): void {
  const { node, pool, certificate: shown, admitted, evicted, left } = told
  const before = memory.candidates.get(node)
  const isKnown = before !== undefined && memory.shown.get(node) === shown
  const certificate = isKnown ? before.certificate : readShown(reader, rights, shown)
  if (isKnown && before.admitted === admitted && before.evicted === evicted && before.left === left) return
  memory.candidates.set(node, { node, pool, certificate, admitted, evicted, left })
  memory.shown.set(node, shown)
  memory.isStale = true
}

function readShown(reader: DocumentReader, rights: FleetRights | undefined, shown: string): Candidate['certificate'] {
  const bytes = fromBase64(shown)
  return shown !== '' && bytes.ok ? reader.readCertificate(fleetOf(rights), bytes.value) : null
}

export function dropCandidate(memory: AdmissionMemory, node: NodeId): void {
  if (!memory.candidates.delete(node)) return
  memory.shown.delete(node)
  memory.isStale = true
}

/** The founding envelope comes before all that builds on it, and its hash is the fleet's identity. */
function fleetOf(rights: FleetRights | undefined): FleetId {
  return (rights?.doc.envelopes[0]?.hash ?? '') as FleetId
}

export function judgeStandings(reader: DocumentReader, memory: AdmissionMemory, rights: FleetRights | undefined): void {
  const rules = rights === undefined ? undefined : admissionRules(rights)
  if (memory.rules === undefined && rules !== undefined) readAgain(reader, memory, rights)
  if (!memory.isStale && rules === memory.rules) return
  memory.isStale = false
  memory.rules = rules
  memory.standings = rules?.mode === 'certified' ? standingsOf(reader, rules, memory.candidates.values()) : new Map()
}

/** Before the fleet's document came, nobody could say whose fleet a certificate was of. */
function readAgain(reader: DocumentReader, memory: AdmissionMemory, rights: FleetRights | undefined): void {
  for (const [node, shown] of memory.shown) {
    const candidate = memory.candidates.get(node)
    if (shown === '' || candidate === undefined || candidate.certificate !== null) continue
    memory.candidates.set(node, { ...candidate, certificate: readShown(reader, rights, shown) })
    memory.isStale = true
  }
}

function standingsOf(reader: DocumentReader, rules: AdmissionRules, candidates: Iterable<Candidate>): ReadonlyMap<NodeId, Standing> {
  const standings = new Map<NodeId, Standing>()
  for (const [node, admission] of reader.judgeAdmissions(rules, candidates)) {
    if (admission.kind === 'surplus') standings.set(node, 'surplus')
    if (admission.kind === 'waiting') standings.set(node, admission.reason)
  }
  return standings
}

/** The node as the view has it: who is no full member takes no new work. `eligible`: as operators wish. */
export function withStanding(node: NodeView, eligible: boolean, { standings, candidates }: AdmissionMemory): NodeView {
  const admission = standings.get(node.id)
  const token = candidates.get(node.id)?.certificate?.token
  const isEligible = eligible && admission === undefined
  if (node.admission === admission && node.token === token && node.eligible === isEligible) return node
  const { admission: _, token: __, ...rest } = node
  return { ...rest, eligible: isEligible, ...(admission === undefined ? {} : { admission }), ...(token === undefined ? {} : { token }) }
}
