// A file that is for several pools, one pool after the other: each has a document of its own under the same name. A pool that fails keeps
// no other from its turn. Pools that the file was for and is for no more are told; only `--prune` removes the job there.

import { jobPaths } from '../../crdt/documents/job.ts'
import { type JobId, jobDocId, jobId } from '../../crdt/ids.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { fetchDoc, fetchFleet } from '../documents/document.ts'
import { submit } from '../documents/submit.ts'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Session } from '../peers/session.ts'
import { safe } from '../render/words.ts'
import { editDocument } from './job-edit.ts'
import { loadJobFiles } from './job-from-file.ts'
import { shortJob } from './job-ref.ts'

interface Options {
  /** As the command line says it, and not the context's. */
  readonly pool?: string
  readonly prune?: boolean
  /** Nothing is sent. */
  readonly isPlan?: true
}

type Work = (spec: JobSpec, patterns: readonly string[] | null) => Promise<ExitCode>

export async function forEachPool(session: Session, file: string, options: Options, work: Work): Promise<ExitCode> {
  let pools: readonly string[] = []
  const poolsHere = async (): Promise<readonly string[]> => {
    const { pools: rows } = await session.ask('fleet', { method: 'fleet.status' })
    return (pools = rows.map(({ pool }) => pool).toSorted())
  }
  const { patterns, specs } = await loadJobFiles(session.io, file, poolsHere, session.pool ?? undefined)
  const [first] = specs
  if (patterns === null) return await work(first!, null)
  // Whoever says it expects the job in that pool alone.
  if (options.pool !== undefined)
    throw new CliError('E_USAGE', `--pool ${options.pool}: the file says itself which pools it is for`, {
      hint: `pools: [${options.pool}] in the file is that pool alone`,
    })
  const codes: ExitCode[] = []
  for (const spec of specs) codes.push(await inPool(session, spec.pool, options, async () => await work(spec, patterns)))
  const job = jobId(first!.namespace, first!.name)
  const others = pools.filter((pool) => !specs.some((spec) => spec.pool === pool))
  for (const pool of others) codes.push(await inOtherPool(session, job, pool, options))
  return worst(codes)
}

async function inPool(session: Session, pool: string, { isPlan }: Options, work: () => Promise<ExitCode>): Promise<ExitCode> {
  const { io, format } = session
  if (format === 'table') io.stdout.write(`pool ${safe(pool)}\n`)
  try {
    return await work()
  } catch (error) {
    if (io.signal.aborted || codeOf(error) === '') throw error
    io.stderr.write(`pool ${safe(pool)}: error ${codeOf(error)}: ${safe(wordsOf(error))}\n`)
    return isPlan === true ? exitCodes.planError : exitCodes.error
  }
}

/** Only a document that such a file has written is that file's to remove. */
async function inOtherPool(session: Session, job: JobId, pool: string, options: Options): Promise<ExitCode> {
  const { stderr } = session.io
  const what = `job ${shortJob(job)} in pool ${safe(pool)}`
  try {
    const doc = await fetchDoc(session, await fetchFleet(session), jobDocId(job), pool)
    const isLeft = typeof doc.registers.get(jobPaths.pools) === 'string' && doc.registers.get(jobPaths.desired) !== 'removed'
    if (!isLeft) return exitCodes.done
    if (options.prune !== true) stderr.write(`${what}: the file is no longer for this pool; --prune removes it\n`)
    else if (options.isPlan === true) stderr.write(`${what} would be removed\n`)
    else return await remove(session, job, pool, what)
    return options.prune === true ? exitCodes.planChanges : exitCodes.done
  } catch (error) {
    if (codeOf(error) !== 'E_POOL_UNREACHABLE') throw error
    stderr.write(`${what}: nobody answers, so whether it is there is not known\n`)
    return exitCodes.done
  }
}

async function remove(session: Session, job: JobId, pool: string, what: string): Promise<ExitCode> {
  const { envelopes } = await editDocument(session, jobDocId(job), pool, () => new Map([[jobPaths.desired, 'removed']]))
  await submit(session, envelopes, pool, { confirm: 1, confirmTimeout: session.timeoutMs })
  session.io.stderr.write(`${what} is removed\n`)
  return exitCodes.done
}

/** An error goes before all else, then what did not get done. */
function worst(codes: readonly ExitCode[]): ExitCode {
  const order = [exitCodes.planError, exitCodes.error, exitCodes.notPlaced, exitCodes.notConfirmed]
  return order.find((code) => codes.includes(code)) ?? exitCodes.done
}
