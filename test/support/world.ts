// A simulated pool with a fleet and an operator, for tests of the core: small verbs that read like the story of the test.

import { toBase64 } from '../../crdt/base64.ts'
import { everyPool } from '../../crdt/envelope.ts'
import { admit } from '../../crdt/gate.ts'
import { fleetFromRegisters, fleetGenesisRegisters } from '../../crdt/documents/fleet.ts'
import {
  disconnectDefaults,
  groupDefaults,
  logDefaults,
  networkDefaults,
  rescheduleDefaults,
  resourceDefaults,
  restartDefaults,
  taskDefaults,
  updateDefaults,
} from '../../crdt/documents/defaults.ts'
import { jobPaths, specToRegisters } from '../../crdt/documents/job.ts'
import {
  type DocId,
  type FleetId,
  type JobId,
  type NodeId,
  type PoolName,
  type SlotId,
  fleetDocId,
  jobDocId,
  jobId,
  slotId,
} from '../../crdt/ids.ts'
import { type Scalar, difference } from '../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import type { GroupSpec, JobSpec } from '../../crdt/spec.ts'
import type { Claim } from '../../crdt/view.ts'
import { type Board, type BoardSpec, World } from '../../simulator/world.ts'
import { testCrypto, testSigner } from './crypto.ts'

export const crypto = testCrypto()
/** Seed of the operator's key. */
export const operatorSeed = 1
const operator = testSigner(operatorSeed)
const fleetDoc = emptyDoc(crypto, fleetDocId, everyPool)
const genesis = editDoc(
  crypto,
  fleetDoc,
  { id: operator.id, signer: operator.signer, nonce: new Uint8Array(16), fleet: '' },
  fleetGenesisRegisters({ name: 'test', admin: operator.operator, adminName: 'tester' }),
)
export const fleet = genesis.envelopes[0]!.hash as FleetId
export const fleetEnvelopes = genesis.envelopes.map((envelope) => envelope.bytes)

export type BoardOptions = Partial<Pick<BoardSpec, 'labels' | 'capacity' | 'pool' | 'drivers'>>

export function createWorld(
  count: number,
  options: { board?: (index: number) => BoardOptions; loses?: (to: NodeId, count: number) => boolean } = {},
): World {
  const boards = Array.from({ length: count }, (_, index): BoardSpec => {
    const { node, signer } = testSigner(100 + index)
    return { name: `b${index}`, id: node, signer, ...options.board?.(index) }
  })
  return new World({ crypto, fleet, fleetEnvelopes, boards, ...(options.loses === undefined ? {} : { loses: options.loses }) })
}

export interface JobOptions {
  readonly name?: string
  readonly count?: number
  readonly command?: string
  readonly group?: Partial<GroupSpec>
  readonly priority?: number
  readonly cpuMhz?: number
  readonly pool?: string
}

export function jobSpec(options: JobOptions = {}): JobSpec {
  return {
    namespace: 'default',
    name: options.name ?? 'web',
    type: 'service',
    pool: options.pool ?? 'default',
    priority: options.priority ?? 50,
    constraints: [],
    affinities: [],
    meta: {},
    groups: [
      {
        name: 'g',
        count: options.count ?? groupDefaults.count,
        constraints: [],
        affinities: [],
        spread: [],
        restart: restartDefaults,
        reschedule: rescheduleDefaults,
        update: { ...updateDefaults, minHealthyMs: 1_000 },
        disconnect: disconnectDefaults,
        network: networkDefaults,
        diskMib: groupDefaults.diskMib,
        meta: {},
        tasks: [
          {
            name: 'app',
            driver: 'raw_exec',
            config: { command: options.command ?? '/bin/app', args: [], volumes: [], privileged: false, readOnlyRoot: false },
            env: {},
            constraints: [],
            affinities: [],
            resources: { ...resourceDefaults, cpuMhz: options.cpuMhz ?? resourceDefaults.cpuMhz },
            killTimeoutMs: taskDefaults.killTimeoutMs,
            killSignal: taskDefaults.killSignal,
            logs: logDefaults,
            meta: {},
          },
        ],
        ...options.group,
      },
    ],
  }
}

let nonces = 0

function operatorAuthor() {
  const nonce = new Uint8Array(16)
  new DataView(nonce.buffer).setUint32(0, ++nonces)
  return { id: operator.id, signer: operator.signer, nonce, fleet }
}

type Change = (registers: ReadonlyMap<string, Scalar>) => ReadonlyMap<string, Scalar>

/** What the CLI does: take the document as the board has it and edit it with the operator's key. */
export function signChange(world: World, board: Board, doc: DocId, pool: string, change: Change): Uint8Array[] {
  const [stored] = world.request(board, { method: 'doc.get', doc })
  let current = emptyDoc(crypto, doc, pool as PoolName)
  for (const text of stored?.kind === 'doc' ? stored.envelopes : []) {
    const bytes = new Uint8Array(Buffer.from(text, 'base64'))
    const admitted = admit(crypto, current.changeCount === 0 ? undefined : current, bytes, {
      fleet,
      roleOf: (id) => fleetFromRegisters(genesis.doc.registers).operators.get(id),
    })
    if (!admitted.ok) throw new Error(`${admitted.code}: ${admitted.message}`)
    current = admitted.value.doc
  }
  return editDoc(crypto, current, operatorAuthor(), change(current.registers)).envelopes.map((envelope) => envelope.bytes)
}

/** Signs a change and sends it to the board. */
export function edit(world: World, board: Board, doc: DocId, pool: string, change: Change): void {
  const envelopes = signChange(world, board, doc, pool, change).map(toBase64)
  if (envelopes.length === 0) return
  const [reply] = world.request(board, { method: 'doc.put', envelopes })
  if (reply?.kind !== 'receipt') throw new Error(JSON.stringify(reply))
}

/** What `job run` writes: the whole specification, and that it shall run. */
export function submission(spec: JobSpec): Change {
  const wanted = new Map<string, Scalar>([...specToRegisters(spec), [jobPaths.desired, 'run']])
  return (registers) =>
    difference(new Map([...registers].filter(([path]) => path.startsWith('spec/') || path === jobPaths.desired)), wanted)
}

export function runJob(world: World, board: Board, spec: JobSpec): JobId {
  const id = jobId(spec.namespace, spec.name)
  edit(world, board, jobDocId(id), spec.pool, submission(spec))
  // A specification with faults is a document like any other, and nothing would ever run: better told here.
  const problems = board.core?.state?.view.jobs.get(id)?.problems ?? []
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return id
}

/** A job's first document as the CLI would send it. */
export function signJob(spec: JobSpec): Uint8Array[] {
  const doc = emptyDoc(crypto, jobDocId(jobId(spec.namespace, spec.name)), spec.pool as PoolName)
  return editDoc(crypto, doc, operatorAuthor(), submission(spec)(new Map())).envelopes.map((envelope) => envelope.bytes)
}

export function slot(job: JobId, index = 0, group = 'g'): SlotId {
  return slotId(job, group, index)
}

/** Names of the boards on which a task of the slot really runs. */
export function runners(world: World, id: SlotId): string[] {
  return [...world.boards.values()]
    .filter((board) => [...board.tasks.values()].some((task) => task.slot === id))
    .map((board) => board.spec.name)
}

export function claimOf(board: Board, id: SlotId, by: Board): Claim | undefined {
  return board.core?.state?.view.claims.get(id)?.find((claim) => claim.node === by.spec.id)
}

export function holderOf(board: Board, id: SlotId): string | null {
  const holder = board.core?.state?.plan?.bySlot.get(id)?.standing.holder
  return holder == null ? null : (board.core?.state?.view.nodes.get(holder.node)?.name ?? null)
}

/** Every board that runs an agent has the same documents. */
export function areEqual(boards: readonly Board[]): boolean {
  const seen = new Set<string>()
  for (const { core } of boards) {
    if (core?.state == null) continue
    seen.add(
      [...core.state.docs.values()]
        .map((doc) => `${doc.id}=${doc.digest}`)
        .sort()
        .join('\n'),
    )
  }
  return seen.size <= 1
}

export function allAlive(boards: readonly Board[]): boolean {
  return boards.every(
    ({ core }) =>
      core?.state != null && [...core.state.view.nodes.values()].filter((node) => node.liveness === 'alive').length === boards.length,
  )
}
