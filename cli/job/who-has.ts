// `job status JOB --who`: which boards have recorded what the peer that answers has of a job's document, which have not, and since when
// those are silent that cannot say.

import { type JobId, compareText, jobDocId } from '../../crdt/ids.ts'
import type { Coverage } from '../../crdt/api-types.ts'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { CliError } from '../errors.ts'
import { shortJob } from './job-ref.ts'
import type { Session } from '../peers/session.ts'

export interface Holding {
  readonly node: string
  readonly name: string
  /** other: some other state of it, older or newer; a silent board's last word may be older than what it has. */
  readonly has: 'same' | 'other' | 'nothing'
  readonly liveness: NodeRow['liveness']
  readonly silentMs: number
}

export interface WhoHas {
  readonly coverage: Coverage
  readonly job: JobId
  /** Those that have it not come first: they are what one looks for. */
  readonly nodes: readonly Holding[]
}

const order: readonly Holding['has'][] = ['nothing', 'other', 'same']

/** `pool`: the job's, if it is known. */
export async function whoHas(session: Session, job: JobId, pool?: string): Promise<WhoHas> {
  const where = pool === undefined ? {} : { pool }
  const { nodes, coverage } = await session.ask('receipts', { method: 'doc.receipts', doc: jobDocId(job) }, where)
  const wanted = nodes.find(({ node }) => node === coverage.node)?.digest ?? null
  if (wanted === null)
    throw new CliError('E_JOB_UNKNOWN', `${coverage.nodeName} knows no job ${shortJob(job)}`, { hint: 'shoal job status lists the jobs' })
  const rows = await session.ask('nodes', { method: 'node.list' }, where)
  const silentMs = new Map(rows.nodes.map((row) => [row.id, row.silentMs]))
  const holdings = nodes.map(({ node, name, digest, liveness }): Holding => {
    const has = digest === null ? 'nothing' : digest === wanted ? 'same' : 'other'
    return { node, name, has, liveness, silentMs: silentMs.get(node) ?? 0 }
  })
  return { coverage, job, nodes: holdings.toSorted((a, b) => order.indexOf(a.has) - order.indexOf(b.has) || compareText(a.name, b.name)) }
}
