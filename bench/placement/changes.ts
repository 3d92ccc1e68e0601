// One change in a settled pool, again and again: from the changed document (or the news of who is alive) to the board's next effects.
// That is the core's whole step: view, plan, actions, followers. What a document costs before it is one (gate, store) is not in it.

import { performance } from 'node:perf_hooks'
import type { NodeId } from '../../crdt/ids.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Claim, View } from '../../crdt/view.ts'
import { localOf } from '../../node/core/placement.ts'
import { plan } from '../../scheduler/plan.ts'
import { median, percentile, rounded } from '../lib/stats.ts'
import { generateJob } from './generator.ts'
import { type SettledPool, settledPool } from './settled-pool.ts'

/** Enough for the compiler to have done its work, and for the slow ones to be seen. */
const rounds = 101
/** The smaller side of a cut: it keeps what it has and replaces nothing. */
const silentPart = 0.6
const beyondReplaceAfterMs = 120_000

type Change = (pool: SettledPool, round: number) => void

const changes: Readonly<Record<string, Change>> = {
  'a copy turns unhealthy or healthy': (pool, round) => {
    const record = recordAt(pool, round >> 1)
    const claims = new Map(
      [...record.claims].map(([slot, claim], i): [typeof slot, Claim] => [slot, i === 0 ? { ...claim, healthy: round % 2 === 1 } : claim]),
    )
    pool.putNode({ ...record, claims })
  },
  "a node's attribute": (pool, round) => {
    const record = recordAt(pool, round)
    pool.putNode({ ...record, attributes: { ...record.attributes, round: String(round) } })
  },
  'a node falls silent or comes back': (pool, round) =>
    pool.setLiveness(idAt(pool, round >> 1), round % 2 === 0 ? 'disconnected' : 'alive'),
  'a job wants one copy more or one less': (pool, round) => {
    const spec = specAt(pool, round >> 1)
    const step = round % 2 === 0 ? 1 : -1
    pool.putJob({ ...spec, groups: spec.groups.map((group) => ({ ...group, count: group.count + step })) })
  },
  'nothing that counts: a receipt': (pool, round) =>
    pool.putNode({ ...recordAt(pool, round), receipts: { fleet: String(round).padStart(16, '0') } }),
}

export function changeRows(view: View): object[] {
  const pool = settledPool(view)
  const anew = (): unknown => plan(pool.state.view, localOf(pool.state, 0))
  const rows: object[] = [{ shape: 'that pool settled, planned from nothing', ...sizeOf(pool), ...timed(anew, 11) }]
  for (const [name, change] of Object.entries(changes))
    rows.push({ shape: `one change: ${name}`, ...sizeOf(pool), ...changed(pool, change) })
  for (const id of [...pool.records.keys()].slice(-Math.ceil(pool.records.size * silentPart)))
    pool.setLiveness(id, 'disconnected', beyondReplaceAfterMs)
  pool.tick()
  for (const [name, change] of Object.entries(changes).slice(0, 2))
    rows.push({ shape: `${silentPart * 100} % silent, one change: ${name}`, ...sizeOf(pool), ...changed(pool, change) })
  return rows
}

/** What a settled pool does most: a node is lost and its copies are placed anew, and a job comes. Nobody claims those: each plan places all that came before as well. */
export function lossRows(view: View): object[] {
  const pool = settledPool(view)
  return Object.entries(losses).map(([name, change]) => ({ shape: name, ...sizeOf(pool), ...changed(pool, change) }))
}

const losses: Readonly<Record<string, Change>> = {
  'a node is lost for longer than replace_after, or is back': (pool, round) =>
    round % 2 === 0
      ? pool.setLiveness(idAt(pool, round >> 1), 'disconnected', beyondReplaceAfterMs)
      : pool.setLiveness(idAt(pool, round >> 1), 'alive'),
  'a job of ten copies comes': (pool) => pool.putJob(generateJob(pool.state.view.jobs.size, 10).spec!),
}

function changed(pool: SettledPool, change: Change): object {
  let round = 0
  const result = timed(
    () => pool.tick(),
    rounds,
    () => change(pool, round++),
  )
  // An odd number of rounds: the last change is taken back.
  change(pool, round)
  pool.tick()
  return result
}

function sizeOf(pool: SettledPool): object {
  let copies = 0
  for (const { standing } of pool.state.plan?.slots ?? []) if (standing.holder?.state === 'running') copies++
  return { nodes: pool.state.view.nodes.size, copies }
}

function timed(work: () => unknown, times: number, prepare: () => void = () => undefined): object {
  const wall: number[] = []
  const cpu: number[] = []
  for (let i = 0; i < times; i++) {
    prepare()
    const before = process.cpuUsage()
    const started = performance.now()
    work()
    wall.push(performance.now() - started)
    const { user, system } = process.cpuUsage(before)
    cpu.push((user + system) / 1_000)
  }
  return { ms: rounded(median(wall), 2), ms_p90: rounded(percentile(wall, 0.9), 2), cpu_ms: rounded(median(cpu), 2) }
}

function idAt(pool: SettledPool, round: number): NodeId {
  const ids = [...pool.records.keys()]
  // Never one of those that fall silent at the end.
  return ids[(round * 17) % Math.floor(ids.length * (1 - silentPart))] as NodeId
}

function recordAt(pool: SettledPool, round: number): ReturnType<SettledPool['records']['get']> & object {
  const record = pool.records.get(idAt(pool, round))
  if (record === undefined) throw new Error('no such node')
  return record
}

function specAt(pool: SettledPool, round: number): JobSpec {
  const specs = [...pool.state.view.jobs.values()].flatMap(({ spec }) => spec ?? [])
  return specs[(round * 17) % specs.length] as JobSpec
}
