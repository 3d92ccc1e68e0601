// A peer in memory for tests of commands. Documents go through the real gate, so a change that a real node would refuse is refused
// here; what a node computes (placement, liveness) is scripted by the test.

import type { AllocRow, JobDetail, SlotRow } from '../../crdt/api-jobs.ts'
import type { Coverage, Reply, Request } from '../../crdt/api-types.ts'
import type { NodeRow, RecordedRow } from '../../crdt/api-nodes.ts'
import { fromBase64, toBase64 } from '../../crdt/base64.ts'
import type { Doc } from '../../crdt/doc.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { admit } from '../../crdt/gate.ts'
import { fleetRights } from '../../crdt/rights/fleet-rights.ts'
import { type DocId, type FleetId, type JobId, fleetDocId, jobDocId, parseDocId, slotId } from '../../crdt/ids.ts'
import type { ApiClient } from '../../cli/io.ts'
import { versionText } from '../../cli/job/version-text.ts'
import { testCrypto, testSigner } from './crypto.ts'

const crypto = testCrypto()

export interface FakeMesh {
  /** What `Io.connect` gives to the command. */
  readonly connect: () => Promise<ApiClient>
  readonly docs: Map<DocId, Doc>
  readonly requests: Request[]
  /** Takes envelopes as a node does, for instance those of a join file. */
  put(envelopes: readonly string[]): Reply
  job(id: string): Doc
  /** Replies to `job.status` with follow; by default every copy runs healthily at once. */
  follow: (detail: JobDetail) => readonly Reply[]
  /** Replaces the answer to any request; undefined leaves the fake's own. */
  answer: (request: Request) => readonly Reply[] | undefined
  confirmedBy: readonly string[]
  /** What `doc.receipts` says of a board; by default each is alive and has recorded the document as it is. */
  recorded: (row: RecordedRow) => RecordedRow
}

export const fakeNodes = [testSigner(101).node, testSigner(102).node, testSigner(103).node] as const

export function coverage(change: Partial<Coverage> = {}): Coverage {
  return {
    fleet: 'home',
    pool: 'default',
    node: fakeNodes[0],
    nodeName: 'board-0',
    view: '0'.repeat(32),
    nodesAlive: 3,
    nodesTotal: 3,
    oldestMs: 0,
    ...change,
  }
}

export function nodeRow(index: number, change: Partial<NodeRow> = {}): NodeRow {
  return {
    id: fakeNodes[index] ?? '',
    name: `board-${index}`,
    pool: 'default',
    liveness: 'alive',
    eligible: true,
    draining: false,
    evicted: false,
    allocs: 1,
    cpuMhz: 4000,
    cpuUsedMhz: 100,
    memoryMib: 4096,
    memoryUsedMib: 64,
    silentMs: 0,
    agentVersion: '0.1.0',
    ...change,
  }
}

export function allocRow(slot: string, index: number, change: Partial<AllocRow> = {}): AllocRow {
  return {
    alloc: `a${index}`.padEnd(16, '0'),
    slot,
    node: fakeNodes[index % 3] ?? '',
    nodeName: `board-${index % 3}`,
    nodeLiveness: 'alive',
    generation: 1,
    version: '1.2.00000000',
    state: 'running',
    healthy: true,
    holder: true,
    reason: '',
    restarts: 0,
    startedAt: 0,
    ...change,
  }
}

export function fakeMesh(fleetOf: () => string): FakeMesh {
  const mesh: FakeMesh = {
    docs: new Map(),
    requests: [],
    confirmedBy: ['board-0'],
    recorded: (row) => row,
    follow: (detail) => [{ kind: 'job', coverage: coverage(), job: detail, settled: true }],
    answer: () => undefined,
    put: (envelopes) => put(mesh, fleetOf() as FleetId, envelopes),
    job: (id) => mesh.docs.get(jobDocId(id as JobId)) ?? missing(id),
    connect: async () => ({
      peer: 'fake',
      close: async () => undefined,
      async *request(body) {
        const request = JSON.parse(new TextDecoder().decode(body)) as Request
        mesh.requests.push(request)
        for (const reply of mesh.answer(request) ?? answer(mesh, request)) yield new TextEncoder().encode(JSON.stringify(reply))
      },
    }),
  }
  return mesh
}

function missing(id: string): never {
  throw new Error(`the fake mesh has no job ${id}`)
}

function put(mesh: FakeMesh, fleet: FleetId, envelopes: readonly string[]): Reply {
  const changed = new Set<DocId>()
  for (const text of envelopes) {
    const bytes = fromBase64(text)
    if (!bytes.ok) return { kind: 'error', code: bytes.code, message: bytes.message }
    const admitted = tryAll(mesh, fleet, bytes.value)
    if (!admitted.ok) return { kind: 'error', code: admitted.code, message: admitted.message }
    mesh.docs.set(admitted.value.doc.id, admitted.value.doc)
    stored.set(admitted.value.envelope.hash, bytes.value)
    changed.add(admitted.value.doc.id)
  }
  return { kind: 'receipt', coverage: coverage(), accepted: [...changed], confirmedBy: mesh.confirmedBy, final: true }
}

/** The envelope's document is named in its bytes; the fake tries each document that it has, and then a new one. */
function tryAll(mesh: FakeMesh, fleet: FleetId, bytes: Uint8Array): ReturnType<typeof admit> {
  const known = mesh.docs.get(fleetDocId)
  const authority = { fleet, rights: known === undefined ? undefined : fleetRights(known) }
  for (const doc of mesh.docs.values()) {
    const admitted = admit(crypto, doc, bytes, authority)
    if (admitted.ok || admitted.code !== 'E_DOC_ID') return admitted
  }
  return admit(crypto, undefined, bytes, authority)
}

const stored = new Map<string, Uint8Array>()

function answer(mesh: FakeMesh, request: Request): readonly Reply[] {
  switch (request.method) {
    case 'doc.get':
      return [docReply(mesh, request.doc)]
    case 'fleet.status':
      return [fleetReply(mesh)]
    case 'doc.list':
      return [{ kind: 'docs', coverage: coverage(), docs: docsOf(mesh, request.author) }]
    case 'doc.receipts':
      return [{ kind: 'receipts', coverage: coverage(), doc: request.doc, nodes: recordedRows(mesh, request.doc) }]
    case 'doc.put':
      return [mesh.put(request.envelopes)]
    case 'job.status':
      return jobReplies(mesh, request.job, request.follow === true)
    case 'node.list':
      return [{ kind: 'nodes', coverage: coverage(), nodes: [nodeRow(0), nodeRow(1), nodeRow(2)] }]
    case 'node.status':
      return [
        {
          kind: 'node',
          coverage: coverage(),
          node: {
            ...nodeRow(0),
            labels: {},
            weight: 0,
            attributes: {},
            drivers: {},
            addresses: [],
            neighbours: [],
            diskMib: 8192,
            claims: [],
          },
        },
      ]
    case 'job.plan':
      return [
        {
          kind: 'plan',
          coverage: coverage(),
          changes: [],
          slots: [{ slot: `${request.job}/main/0`, action: 'place', node: fakeNodes[1], reason: null }],
          unplaced: [],
        },
      ]
    default:
      return [{ kind: 'error', code: 'E_METHOD', message: `the fake does not know ${request.method}` }]
  }
}

function docsOf(mesh: FakeMesh, author: string | undefined): readonly DocId[] {
  const operators = [...mesh.docs.values()].filter(({ kind }) => kind === 'job' || kind === 'ops')
  return operators.filter((doc) => author === undefined || doc.envelopes.some((ref) => ref.author === author)).map(({ id }) => id)
}

function fleetReply(mesh: FakeMesh): Reply {
  const pool = { pool: 'default', nodesAlive: 3, nodesTotal: 3, jobs: 0, own: true, ageMs: 0 }
  const rights = fleetRights(mesh.docs.get(fleetDocId)!)
  const operators = [...rights.standing].map(([id, grant]) => ({ id, name: '', ...grant, revoked: rights.revoked.has(id) }))
  return { kind: 'fleet', coverage: coverage(), name: 'home', planVersion: 1, operators, pools: [pool] }
}

function docReply(mesh: FakeMesh, name: string): Reply {
  const parsed = parseDocId(name)
  if (!parsed.ok) return { kind: 'error', code: parsed.code, message: parsed.message }
  const doc = mesh.docs.get(parsed.value.id)
  const envelopes = (doc?.envelopes ?? []).map((ref) => toBase64(stored.get(ref.hash) ?? new Uint8Array()))
  return { kind: 'doc', doc: name, pool: doc?.pool ?? 'default', epoch: doc?.epoch ?? 0, envelopes }
}

function recordedRows(mesh: FakeMesh, doc: string): readonly RecordedRow[] {
  const digest = mesh.docs.get(doc as DocId)?.digest ?? null
  return fakeNodes.map((node, index) => mesh.recorded({ node, name: `board-${index}`, liveness: 'alive', digest }))
}

function jobReplies(mesh: FakeMesh, id: string, follow: boolean): readonly Reply[] {
  const doc = mesh.docs.get(jobDocId(id as JobId))
  if (doc === undefined) return [{ kind: 'error', code: 'E_JOB_UNKNOWN', message: `there is no job '${id}'` }]
  const detail = jobDetail(doc, id)
  return follow ? mesh.follow(detail) : [{ kind: 'job', coverage: coverage(), job: detail, settled: true }]
}

/** Every wanted copy runs healthily, in turn on the three boards. */
export function jobDetail(doc: Doc, id: string): JobDetail {
  const view = jobView(crypto, doc)
  const names =
    view.desired === 'run'
      ? (view.spec?.groups ?? []).flatMap((group) => Array.from({ length: group.count }, (_, i) => slotId(view.id, group.name, i)))
      : []
  const allocs = names.map((slot, i) => allocRow(slot, i, { version: versionText(view.version) }))
  const slots = names.map((slot, i): SlotRow => ({
    slot,
    holder: fakeNodes[i % 3] ?? null,
    complete: null,
    candidate: null,
    reason: null,
  }))
  const conflictsList = [...doc.conflicts].map(([path, losers]) => ({ path, winner: doc.registers.get(path) ?? null, losers }))
  return {
    id,
    pool: doc.pool,
    desired: view.desired,
    type: view.spec?.type ?? '',
    priority: view.spec?.priority ?? 0,
    version: versionText(view.version),
    wanted: names.length,
    running: names.length,
    healthy: names.length,
    complete: 0,
    conflicts: conflictsList.length,
    problems: view.problems,
    ...(view.paused === true ? { paused: true } : {}),
    voided: [],
    spec: view.spec,
    allocs,
    slots,
    conflictsList,
  }
}
