// Seeded pools and jobs for the placement benchmark and for property tests. It knows the view's types and nothing of the planner.

import { jobId } from '../../crdt/ids.ts'
import type { Form, NodeId, PoolName } from '../../crdt/ids.ts'
import type { Constraint, GroupSpec, JobSpec, Spread } from '../../crdt/spec.ts'
import type { JobView, NodeView, View } from '../../crdt/view.ts'

/** Nodes and jobs of mixed sizes: 10 % of the groups are constrained, 10 % are spread over sites. */
export interface Shape {
  readonly seed: number
  readonly nodes: number
  readonly jobs: number
  readonly copiesPerJob: number
  /** Share of the pool's memory and cpu that all copies together ask for, percent. */
  readonly fillPercent: number
  /** Nodes are of so many classes, and each job asks for one of them, instead of the mixture above. */
  readonly nodeClasses?: number
  /** Equal nodes, and no job that spreads: only there the fewest nodes that could do show how tightly copies are packed. */
  readonly isEven?: boolean
}

const pool = 'bench' as PoolName
const sites = 10
const classes = ['small', 'middle', 'large'] as const

export function generateView(shape: Shape): View {
  const next = mulberry32(shape.seed)
  const nodes = Array.from({ length: shape.nodes }, (_, i) => ofShape(makeNode(i, next), i, shape))
  const sizes = Array.from({ length: shape.jobs }, () => ({ cpu: 1 + Math.floor(next() * 8), memory: 1 + Math.floor(next() * 8) }))
  const units = sizes.reduce((sum, size) => ({ cpu: sum.cpu + size.cpu, memory: sum.memory + size.memory }), { cpu: 0, memory: 0 })
  const room = nodes.reduce((sum, one) => ({ cpu: sum.cpu + one.capacity.cpuMhz, memory: sum.memory + one.capacity.memoryMib }), {
    cpu: 0,
    memory: 0,
  })
  const share = shape.fillPercent / 100 / Math.max(1, shape.copiesPerJob)
  const cpuUnit = Math.max(1, Math.floor((room.cpu * share) / Math.max(1, units.cpu)))
  const memoryUnit = Math.max(1, Math.floor((room.memory * share) / Math.max(1, units.memory)))
  const jobs = sizes.map((size, i) => makeJob(i, shape, size.cpu * cpuUnit, size.memory * memoryUnit, next))
  return viewOf(nodes, jobs)
}

/** One job on equal nodes in racks, as Nomad's own scheduler benchmark has it: nodes of 4 x 3,500 MHz and 32,000 MB, copies of 6,000 each. */
export function generateRacks({ nodes, racks, copies, isSpread }: RackShape): View {
  const next = mulberry32(nodes + racks + copies)
  const capacity = { cpuMhz: 14_000, memoryMib: 32_000, diskMib: 100_000 }
  const boards = Array.from({ length: nodes }, (_, i) => {
    const board = makeNode(i, next)
    return { ...board, capacity, labels: { ...board.labels, rack: `rack-${i % racks}` } }
  })
  const spread: Spread[] = isSpread ? [{ attribute: '${label.rack}', weight: 50, targets: [] }] : []
  return viewOf(boards, [jobOf(0, 50, [], makeGroup(copies, 6_000, 6_000, spread))])
}

export interface RackShape {
  readonly nodes: number
  readonly racks: number
  readonly copies: number
  readonly isSpread: boolean
}

/** One more job of the shape's kind, which asks for little. */
export function generateJob(i: number, copies: number): JobView {
  return jobOf(i, 50, [], makeGroup(copies, 1, 1, []))
}

function viewOf(nodes: readonly NodeView[], jobs: readonly JobView[]): View {
  return {
    fleet: { name: 'bench', planVersion: 1, operators: new Map() },
    pool,
    nodes: new Map(nodes.map((one) => [one.id, one])),
    jobs: new Map(jobs.map((job) => [job.id, job])),
    claims: new Map(),
  }
}

function ofShape(node: NodeView, i: number, { nodeClasses, isEven }: Shape): NodeView {
  const classed = nodeClasses === undefined ? node : { ...node, labels: { ...node.labels, class: `class-${i % nodeClasses}` } }
  return isEven === true ? { ...classed, capacity: { cpuMhz: 32_000, memoryMib: 65_536, diskMib: 10_000_000 } } : classed
}

function makeNode(i: number, next: () => number): NodeView {
  const size = 1 + Math.floor(next() * classes.length)
  const name = `board-${String(i).padStart(6, '0')}`
  return {
    id: name as NodeId,
    name,
    pool,
    liveness: 'alive',
    capacity: { cpuMhz: 16_000 * size, memoryMib: 32_768 * size, diskMib: 10_000_000 },
    attributes: { 'cpu.arch': next() < 0.8 ? 'arm64' : 'amd64' },
    labels: { site: `site-${i % sites}`, size: classes[size - 1] ?? 'small' },
    drivers: { raw_exec: { healthy: true, reason: '' } },
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
  }
}

function makeJob(i: number, shape: Shape, cpuMhz: number, memoryMib: number, next: () => number): JobView {
  const { copiesPerJob, nodeClasses } = shape
  const kind = next()
  const priority = 1 + Math.floor(next() * 100)
  if (nodeClasses !== undefined) {
    const inItsClass: Constraint = { attribute: '${label.class}', operator: '=', value: `class-${i % nodeClasses}` }
    return jobOf(i, priority, [inItsClass], makeGroup(copiesPerJob, cpuMhz, memoryMib, []))
  }
  const constraints: Constraint[] = kind < 0.1 ? [{ attribute: '${attr.cpu.arch}', operator: '=', value: 'arm64' }] : []
  const spread: Spread[] =
    kind >= 0.1 && kind < 0.2 && shape.isEven !== true ? [{ attribute: '${label.site}', weight: 50, targets: [] }] : []
  return jobOf(i, priority, constraints, makeGroup(copiesPerJob, cpuMhz, memoryMib, spread))
}

function jobOf(i: number, priority: number, constraints: readonly Constraint[], group: GroupSpec): JobView {
  const name = `job-${String(i).padStart(5, '0')}`
  const spec: JobSpec = {
    namespace: 'default',
    name,
    type: 'service',
    pool,
    priority,
    constraints,
    affinities: [],
    meta: {},
    groups: [group],
  }
  return {
    id: jobId('default', name),
    desired: 'run',
    spec,
    version: { epoch: 0, count: 1, hash: 'h' },
    problems: [],
    held: null,
    forms: new Map([['main', 'form' as Form]]),
    wishes: new Map(),
  }
}

function makeGroup(count: number, cpuMhz: number, memoryMib: number, spread: readonly Spread[]): GroupSpec {
  return {
    name: 'main',
    count,
    constraints: [],
    affinities: [],
    spread,
    restart: { attempts: 2, intervalMs: 1_800_000, delayMs: 15_000, mode: 'fail' },
    reschedule: { unlimited: true, attempts: 0, intervalMs: 0, delayMs: 30_000, delayFunction: 'exponential', maxDelayMs: 3_600_000 },
    update: { maxParallel: 1, minHealthyMs: 10_000, healthyDeadlineMs: 300_000 },
    disconnect: {
      replace: true,
      replaceAfterMs: 60_000,
      lostAfterMs: 604_800_000,
      lostAfterExplicit: false,
      stopOnClientAfterMs: null,
      reconcile: 'best_score',
      partition: 'half',
    },
    network: { mode: 'host', ports: [] },
    diskMib: 300,
    meta: {},
    tasks: [
      {
        name: 'main',
        driver: 'raw_exec',
        config: { command: '/bin/true', args: [], volumes: [], privileged: false, readOnlyRoot: false },
        env: {},
        constraints: [],
        affinities: [],
        resources: { cpuMhz, memoryMib },
        killTimeoutMs: 5_000,
        killSignal: 'SIGTERM',
        logs: { maxFiles: 10, maxFileSizeMib: 10 },
        meta: {},
      },
    ],
  }
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
