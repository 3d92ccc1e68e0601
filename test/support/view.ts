// Builders of views for tests: complete, valid data with defaults, so that a test names only what it is about.
// Everything is a function of its arguments; `random(seed)` is the only source of chance.

import { jobId, slotId } from '../../crdt/ids.ts'
import type { AllocId, Form, NodeId, OperatorId, PoolName, SlotId } from '../../crdt/ids.ts'
import type { GroupSpec, JobSpec, TaskSpec } from '../../crdt/spec.ts'
import type { Claim, FleetView, JobVersion, JobView, NodeView, SlotWish, Verdict, View } from '../../crdt/view.ts'
import type { Local } from '../../scheduler/types.ts'
import { sampleGroup, sampleJob, sampleTask } from '../../simulator/sample-job.ts'

/** mulberry32: 0 <= x < 1, the same everywhere. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

export function shuffled<T>(items: readonly T[], next: () => number): T[] {
  const copy = [...items]
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    const [a, b] = [copy[i] as T, copy[j] as T]
    copy[i] = b
    copy[j] = a
  }
  return copy
}

export const pool = 'default' as PoolName
export const node = (name: string): NodeId => name as NodeId
export const form = (name: string): Form => name as Form

export function version(count: number, hash = 'h', epoch = 0): JobVersion {
  return { epoch, count, hash }
}

export function makeNode(name: string, parts: Partial<NodeView> = {}): NodeView {
  return {
    id: node(name),
    name,
    pool,
    liveness: 'alive',
    capacity: { cpuMhz: 4_000, memoryMib: 4_096, diskMib: 32_768 },
    attributes: { 'cpu.arch': 'arm64' },
    labels: {},
    drivers: { docker: { healthy: true, reason: '' }, raw_exec: { healthy: true, reason: '' } },
    images: new Set(),
    dynamicPorts: [20_000, 32_000],
    eligible: true,
    draining: false,
    evicted: false,
    weight: 0,
    addresses: [],
    agentVersion: '0.1.0',
    planVersion: 1,
    receipts: {},
    verdicts: new Map(),
    documentFull: false,
    ...parts,
  }
}

/** Nodes n00, n01, … */
export function makeNodes(count: number, parts: (index: number) => Partial<NodeView> = () => ({})): NodeView[] {
  return Array.from({ length: count }, (_, i) => makeNode(`n${String(i).padStart(2, '0')}`, parts(i)))
}

export const makeTask = (parts: Partial<TaskSpec> = {}): TaskSpec =>
  sampleTask({ name: 'main', resources: { cpuMhz: 100, memoryMib: 64 }, ...parts })

export const makeGroup = (parts: Partial<GroupSpec> = {}): GroupSpec => sampleGroup({ count: 1, tasks: [makeTask()], ...parts })

export interface JobParts {
  readonly name?: string
  readonly spec?: Partial<JobSpec>
  readonly groups?: readonly GroupSpec[]
  readonly desired?: JobView['desired']
  readonly version?: JobVersion
  /** Form of every group. */
  readonly form?: Form
  readonly wishes?: ReadonlyMap<SlotId, SlotWish>
}

export function makeJob(parts: JobParts = {}): JobView {
  const name = parts.name ?? 'shop'
  const groups = parts.groups ?? [makeGroup()]
  const spec = sampleJob({ name, pool, groups, ...parts.spec })
  return {
    id: jobId('default', name),
    desired: parts.desired ?? 'run',
    spec,
    version: parts.version ?? version(1),
    problems: [],
    forms: new Map(groups.map((group) => [group.name, parts.form ?? form('f1')])),
    wishes: parts.wishes ?? new Map(),
    held: null,
  }
}

export const slotOf = (place: number | NodeId, group = 'web', job = 'shop'): SlotId => slotId(jobId('default', job), group, place)

export function makeClaim(name: string, parts: Partial<Claim> = {}): Claim {
  const slot = parts.slot ?? slotOf(0)
  const generation = parts.generation ?? 1
  const state = parts.state ?? 'running'
  return {
    slot,
    node: node(name),
    alloc: `${name}.${slot}.${generation}` as AllocId,
    generation,
    version: version(1),
    form: form('f1'),
    state,
    healthy: state === 'running',
    reason: '',
    startedAt: state === 'running' ? 1_000 : 0,
    restarts: 0,
    restartSeen: 0,
    ports: {},
    tasks: {},
    over: new Map(),
    lost: new Map(),
    ...parts,
  }
}

export function makeVerdict(parts: Partial<Verdict> = {}): Verdict {
  return { form: form('f1'), verdict: 'failed', reason: 'exit 1', failures: 1, generation: 1, ...parts }
}

export interface ViewParts {
  readonly nodes?: readonly NodeView[]
  readonly jobs?: readonly JobView[]
  readonly claims?: readonly Claim[]
  readonly fleet?: Partial<FleetView>
}

export function makeView(parts: ViewParts = {}): View {
  const claims = new Map<SlotId, Claim[]>()
  for (const claim of [...(parts.claims ?? [])].sort((a, b) => (a.node < b.node ? -1 : 1))) {
    claims.set(claim.slot, [...(claims.get(claim.slot) ?? []), claim])
  }
  return {
    fleet: { name: 'test', planVersion: 1, operators: new Map<OperatorId, 'admin'>(), ...parts.fleet },
    pool,
    nodes: new Map((parts.nodes ?? makeNodes(3)).map((one) => [one.id, one])),
    jobs: new Map((parts.jobs ?? [makeJob()]).map((job) => [job.id, job])),
    claims,
  }
}

/** `silent`: node → for how long (ms). */
export function makeLocal(self: string, parts: Partial<Local> & { readonly silent?: Readonly<Record<string, number>> } = {}): Local {
  const { silent = {}, ...rest } = parts
  const now = rest.now ?? 1_000_000
  return {
    self: node(self),
    now,
    silentSince: new Map(Object.entries(silent).map(([name, ms]) => [node(name), now - ms])),
    failedSince: new Map(),
    pending: new Map(),
    aloneSince: null,
    replacementsLastMinute: 0,
    ...rest,
  }
}
