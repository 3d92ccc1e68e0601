// A board in a settled pool: the real core, given the documents of all nodes and jobs and the news that all nodes are alive, as if they
// had come by the network. Every copy runs and is healthy. Documents are put in place beside gate and store, which are not what is
// measured; from then on the core does what it does on a board.

import { specToRegisters } from '../../crdt/documents/job.ts'
import { noClones } from '../../crdt/documents/clones.ts'
import { type NodeRecord, nodeToRegisters } from '../../crdt/documents/node.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type AllocId, type ChangeHash, type DocId, type NodeId, type SlotId, jobDocId, nodeDocId } from '../../crdt/ids.ts'
import { createReader } from '../../crdt/engine.ts'
import { createProjector } from '../../crdt/project.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Claim, Liveness, Verdict, View } from '../../crdt/view.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { State } from '../../node/core/state.ts'
import { plan } from '../../scheduler/plan.ts'
import { testCrypto } from '../../test/support/crypto.ts'
import { makeClaim, makeLocal } from '../../test/support/view.ts'
import { createWorld } from '../../test/support/world.ts'

/** Names are made anew by the projection. */
const anyAlloc = '0'.repeat(16) as AllocId

export interface SettledPool {
  readonly state: State
  /** One tick of the core, at most 1 ms after the last. */
  tick(): readonly Effect[]
  putNode(record: NodeRecord): void
  putJob(spec: JobSpec): void
  /** `forMs`: how long it has been silent. */
  setLiveness(node: NodeId, liveness: Liveness, forMs?: number): void
  readonly records: ReadonlyMap<NodeId, NodeRecord>
}

export function settledPool(shape: View): SettledPool {
  const world = createWorld(1, { board: () => ({ pool: shape.pool }) })
  world.bootAll()
  world.run(60_000)
  const [board] = world.boards.values()
  const core = board?.core
  const state = core?.state
  if (core == null || state == null) throw new Error('the board does not run')
  let now = world.queue.now
  let changes = 0
  const put = (id: DocId, kind: Doc['kind'], registers: Doc['registers']): void => {
    changes++
    state.docs.set(id, documentOf(id, kind, shape.pool, registers, changes))
    state.viewStale = true
  }
  const records = new Map<NodeId, NodeRecord>()
  const pool: SettledPool = {
    state,
    records,
    tick: () => core.step({ kind: 'tick', now: ++now, lagMs: 0 }),
    putJob: (spec) => put(jobDocId(`${spec.namespace}/${spec.name}` as never), 'job', specToRegisters(spec)),
    putNode(record) {
      const id = record.name as NodeId
      records.set(id, record)
      put(nodeDocId(id), 'node', nodeToRegisters(record))
    },
    setLiveness(node, liveness, forMs = 0) {
      const isHere = liveness === 'alive'
      state.liveness.members.set(node, { status: liveness, pathAt: isHere ? 0 : null, lostAt: now - forMs, returns: [], orderly: false })
      state.liveness.reached.delete(node)
      if (isHere) state.liveness.reached.set(node, null)
      state.liveness.changes++
      // Such news waits a moment for more of them; here the moment is over.
      state.viewStale = true
    },
  }
  for (const job of shape.jobs.values()) if (job.spec !== null) pool.putJob(job.spec)
  for (const [id, claims] of claimsIn(shape, state.docs)) pool.putNode(recordOf(shape, id, claims))
  for (const id of shape.nodes.keys()) pool.setLiveness(id, 'alive')
  pool.tick()
  return pool
}

/** Everything placed where the plan of an empty pool puts it, at the forms and versions that the jobs' documents have. */
function claimsIn(shape: View, docs: State['docs']): ReadonlyMap<NodeId, Map<SlotId, Claim>> {
  const { jobs } = createProjector(createReader(testCrypto()))({ pool: shape.pool, docs, livenessOf: () => 'alive' })
  const byNode = new Map([...shape.nodes.keys()].map((id) => [id, new Map<SlotId, Claim>()]))
  for (const { slot, job, group, candidate, form, version } of plan({ ...shape, jobs }, makeLocal('nobody')).slots) {
    const spec = jobs.get(job)?.spec?.groups.find((one) => one.name === group)
    if (candidate === null || spec === undefined) continue
    const [task] = spec.tasks
    const resources = { cpuMhz: 0, memoryMib: 0, ...task?.resources, diskMib: spec.diskMib }
    byNode.get(candidate)?.set(slot, makeClaim(candidate, { slot, alloc: anyAlloc, form, version, resources }))
  }
  return byNode
}

function recordOf({ nodes, pool }: View, id: NodeId, claims: ReadonlyMap<SlotId, Claim>): NodeRecord {
  const node = nodes.get(id)
  if (node === undefined) throw new Error(`no node ${id}`)
  const { name, capacity, attributes, labels, drivers, dynamicPorts, agentVersion, planVersion } = node
  const verdict = (claim: Claim): Verdict => ({ form: claim.form, verdict: 'healthy', reason: '', failures: 0, generation: 0 })
  return {
    ...{ name, pool, capacity, attributes, labels, drivers, dynamicPorts, agentVersion, planVersion, claims },
    images: [],
    addresses: [`/ip4/10.0.0.1/tcp/4001/${id}`],
    receipts: {},
    left: false,
    certificate: '',
    clones: noClones,
    psk: '',
    allocsMax: 0,
    devices: [],
    verdicts: new Map([...claims].map(([slot, claim]) => [slot, [verdict(claim)]])),
  }
}

/** As it rests in memory; nothing here is ever opened by Automerge. */
function documentOf(id: DocId, kind: Doc['kind'], pool: Doc['pool'], registers: Doc['registers'], change: number): Doc {
  const hash = change.toString(16).padStart(64, '0')
  return {
    ...{ id, kind, pool, registers },
    epoch: 0,
    saved: new Uint8Array(0),
    conflicts: new Map(),
    heads: [hash as ChangeHash],
    digest: hash.slice(-16),
    base: 0,
    changeCount: change,
    clock: new Map(),
    envelopes: [],
  }
}
