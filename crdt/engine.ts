// Everything that costs when a node takes, writes or reads documents, behind one object: each call is a function of its arguments, and
// a document, an envelope and a result are never changed afterwards. So a process with many nodes may answer equal calls once for all
// of them (`simulator/shared-engine.ts`), and nobody can tell; a board has its own, which remembers nothing but open handles.

import { type Admission, type AdmissionRules, type Candidate, judgeAdmissions } from './admission/admission.ts'
import { type Certificate, checkCertificate } from './admission/certificate.ts'
import type { Crypto } from './crypto.ts'
import type { Doc } from './doc.ts'
import { jobView } from './documents/job.ts'
import { type Author, type Envelope, decodeEnvelope } from './envelope.ts'
import { compactDoc } from './epoch.ts'
import type { Result } from './errors.ts'
import { type Admitted, type Authority, type GateCode, admitDecoded } from './gate.ts'
import type { FleetId, NodeId, PoolName } from './ids.ts'
import type { KeptHandles } from './kept-handles.ts'
import { type NodeReading, readNode } from './read-node.ts'
import type { Registers, Scalar } from './registers.ts'
import { type Edited, decodeDoc, editDoc, encodeDoc } from './replica.ts'
import type { JobView, Liveness, NodeView } from './view.ts'

/** What reading documents needs: the part that the view is made with. */
export interface DocumentReader {
  /** A node as its own document and the operators' wishes about it tell; at least one of them is here. */
  readonly readNode: (id: NodeId, pool: PoolName, doc: Doc | undefined, ops: Doc | undefined) => NodeReading
  readonly readJob: (doc: Doc) => JobView
  /** The node as it stands in a view. */
  readonly viewOf: (node: NodeReading['node'], liveness: Liveness) => NodeView
  /** null: it is none of this fleet. */
  readonly readCertificate: (fleet: FleetId, bytes: Uint8Array) => Certificate | null
  /** `admission/admission.ts` */
  readonly judgeAdmissions: (rules: AdmissionRules, candidates: Iterable<Candidate>) => ReadonlyMap<NodeId, Admission>
}

export interface DocumentEngine extends DocumentReader {
  readonly decodeEnvelope: (bytes: Uint8Array) => Result<Envelope, GateCode>
  /** `gate.ts`; the envelope comes from `decodeEnvelope`. */
  readonly admit: (doc: Doc | undefined, envelope: Envelope, authority: Authority) => Result<Admitted, GateCode>
  /** `replica.ts` */
  readonly edit: (doc: Doc, author: Author, changes: ReadonlyMap<string, Scalar>) => Edited
  /** `epoch.ts` */
  readonly compact: (doc: Doc, author: Author, keep: Registers) => Edited
  readonly encodeDoc: (doc: Doc) => Uint8Array
  readonly decodeDoc: (bytes: Uint8Array) => Result<Doc, 'E_DOC_RECORD'>
  /** Frees what is outside of JavaScript's memory; it may go on. */
  readonly release: () => void
}

export function createReader(crypto: Crypto): DocumentReader {
  return {
    readNode: (id, pool, doc, ops) => readNode(crypto, id, pool, doc, ops),
    readJob: (doc) => jobView(crypto, doc),
    viewOf: (node, liveness) => ({ ...node, liveness }),
    readCertificate: (fleet, bytes) => readCertificate(crypto, fleet, bytes),
    judgeAdmissions: (rules, candidates) => judgeAdmissions(crypto, rules, candidates),
  }
}

function readCertificate(crypto: Crypto, fleet: FleetId, bytes: Uint8Array): Certificate | null {
  const checked = checkCertificate(crypto, fleet, bytes)
  return checked.ok ? checked.value : null
}

export function createEngine(crypto: Crypto, kept: KeptHandles): DocumentEngine {
  return {
    ...createReader(crypto),
    decodeEnvelope: (bytes) => decodeEnvelope(crypto, bytes),
    admit: (doc, envelope, authority) => admitDecoded(crypto, doc, envelope, authority, kept),
    edit: (doc, author, changes) => editDoc(crypto, doc, author, changes, 0, kept),
    compact: (doc, author, keep) => compactDoc(crypto, doc, author, keep, 0, kept),
    encodeDoc,
    decodeDoc: (bytes) => decodeDoc(crypto, bytes),
    release: () => kept.clear(),
  }
}
