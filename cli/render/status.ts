// What is going on, at a glance: pools, nodes, jobs, the last events.

import type { OperatorRow, PoolSummary } from '../../crdt/api-types.ts'
import { type JobType, jobTypes } from '../../crdt/spec.ts'
import { preemptsByDefault } from '../../crdt/view.ts'
import type { ReplyOf } from '../peers/client.ts'
import { shortJob } from '../job/job-ref.ts'
import { banLine } from './bans.ts'
import { aliveWords } from './coverage.ts'
import { jobTable } from './jobs.ts'
import { nodeTable } from './nodes.ts'
import type { Paint } from './paint.ts'
import { waitsText } from './pending.ts'
import { table } from './table.ts'
import { age, safe, shortId, time } from './words.ts'

/** The glance shows so many events; the rest is in `--output json`. */
const eventsShown = 8

export function statusText(status: ReplyOf<'status'>, paint: Paint): string {
  const { coverage, pools, nodes, jobs, events, waits, bans = [] } = status
  const where = `${paint.bold(`fleet ${safe(coverage.fleet)}`)}, pool ${safe(coverage.pool)}`
  const title = `${where}: ${aliveWords(coverage)}\n`
  const others = pools.length > 1 ? [poolTable(pools, paint)] : []
  const news = events.slice(-eventsShown).map((event) => `${paint.dim(time(event.at))}  ${safe(event.what)}\n`)
  const room = waits === undefined ? [] : [waitsText(waits, paint)]
  const shunned = bans.length === 0 ? [] : [bans.map((ban) => `${paint.warn(banLine(ban, coverage.nodeName))}\n`).join('')]
  const sections = [
    title,
    ...room,
    ...shunned,
    ...others,
    nodeTable(nodes, paint),
    jobTable(jobs, paint),
    ...(news.length > 0 ? [news.join('')] : []),
  ]
  return sections.join('\n')
}

export function fleetText(fleet: ReplyOf<'fleet'>, paint: Paint): string {
  const title = `${paint.bold(`fleet ${safe(fleet.name)}`)}, plan version ${fleet.planVersion}\n`
  return `${title}\n${poolTable(fleet.pools, paint, fleet)}\n${operatorTable(fleet, paint)}`
}

export function operatorTable({ operators }: ReplyOf<'fleet'>, paint: Paint): string {
  return table<OperatorRow>(
    [
      { head: 'OPERATOR', text: (one) => one.name || shortId(one.id), paint: paint.bold },
      {
        head: 'ROLE',
        text: (one) => (one.revoked ? 'revoked' : one.role),
        paint: (text) => (text === 'revoked' ? paint.warn(text) : text),
      },
      { head: 'POOLS', text: (one) => (one.role === 'operator' ? one.pools.join(', ') || '-' : '') },
      { head: 'JOBS', text: (one) => (one.role === 'operator' ? one.jobs.map(shortJob).join(', ') || '-' : '') },
      ...(operators.some(({ untilMs }) => untilMs !== undefined) ? [untilColumn] : []),
      { head: 'ID', text: (one) => one.id, paint: paint.dim },
    ],
    operators,
    paint,
  )
}

const untilColumn = { head: 'UNTIL', text: ({ untilMs }: OperatorRow): string => (untilMs === undefined ? '-' : time(untilMs)) }

/** Kinds of jobs whose copies may take the room of less important ones. */
function preemptsText(chosen: Readonly<Partial<Record<JobType, boolean>>> = {}): string {
  return jobTypes.filter((type) => chosen[type] ?? preemptsByDefault(type)).join(', ') || 'nobody'
}

type Chosen = Pick<ReplyOf<'fleet'>, 'algorithms' | 'preemption'>

function poolTable(pools: readonly PoolSummary[], paint: Paint, { algorithms = {}, preemption = {} }: Chosen = {}): string {
  const algorithm = { head: 'ALGORITHM', text: ({ pool }: PoolSummary) => algorithms[pool] ?? 'binpack' }
  const preempts = { head: 'PREEMPTS', text: ({ pool }: PoolSummary) => preemptsText(preemption[pool]) }
  return table<PoolSummary>(
    [
      { head: 'POOL', text: (pool) => pool.pool, paint: paint.bold },
      { head: 'NODES', text: (pool) => `${pool.nodesAlive}/${pool.nodesTotal}`, right: true },
      { head: 'JOBS', text: (pool) => String(pool.jobs), right: true },
      ...(Object.keys(algorithms).length > 0 ? [algorithm] : []),
      ...(Object.keys(preemption).length > 0 ? [preempts] : []),
      { head: 'SEEN', text: (pool) => (pool.own ? 'here' : `${age(pool.ageMs)} ago`) },
    ],
    pools,
    paint,
  )
}
