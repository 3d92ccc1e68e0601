// A job file and the document that it is about, brought together into the change that makes one like the other.

import type { Doc } from '../../crdt/doc.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import { formOf, jobPaths, specToRegisters } from '../../crdt/documents/job.ts'
import { specFaults } from '../../crdt/documents/spec-faults.ts'
import { type JobId, jobDocId, jobId } from '../../crdt/ids.ts'
import { type Registers, type Scalar, difference } from '../../crdt/registers.ts'
import { type JobSpec, isRunOnce } from '../../crdt/spec.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { type Edit, editDocument } from './job-edit.ts'
import { type FileFault, faultLines } from '../job-file/fault.ts'
import { type PoolsHere, readJobFile, readJobFiles } from '../job-file/read-job-file.ts'
import { withTimes } from './periodic.ts'
import type { Session } from '../peers/session.ts'
import { readTextFile } from '../text-file.ts'

export interface SpecEdit {
  readonly job: JobId
  readonly spec: JobSpec
  /** The pool that the job lives in. */
  readonly pool: string
  readonly edit: Edit
}

export async function loadJobFile(io: Io, file: string, pool?: string): Promise<JobSpec> {
  const name = file === '-' ? 'stdin' : file
  const read = readJobFile(name, await readTextFile(io, file), pool)
  if (read.ok) return read.spec
  throw faulty(name, read.faults)
}

export interface JobForPools {
  /** null: the file is for one pool, and says nothing of others. */
  readonly patterns: readonly string[] | null
  readonly specs: readonly JobSpec[]
}

/** No job, if no pool is called so. `poolsHere` is asked only of a file that names pools by patterns. */
export async function loadForPools(io: Io, file: string, poolsHere: PoolsHere, pool?: string): Promise<JobForPools> {
  const name = file === '-' ? 'stdin' : file
  const read = await readJobFiles(name, await readTextFile(io, file), poolsHere, pool)
  if (!read.ok) throw faulty(name, read.faults)
  return read
}

export async function loadJobFiles(io: Io, file: string, poolsHere: PoolsHere, pool?: string): Promise<JobForPools> {
  const read = await loadForPools(io, file, poolsHere, pool)
  if (read.specs.length > 0) return read
  throw new CliError('E_POOL_UNREACHABLE', `no pool of the fleet is called ${read.patterns?.join(' or ') ?? ''}`, {
    hint: 'shoal fleet status lists the pools; a pool is there once a board of it is',
  })
}

function faulty(name: string, faults: readonly FileFault[]): CliError {
  const count = faults.length
  return new CliError('E_JOB_FILE', `${name} has ${count} ${count === 1 ? 'fault' : 'faults'}`, { details: faultLines(faults) })
}

/** `again`: complete copies are to run once more although nothing else is different. */
export async function editFromSpec(session: Session, spec: JobSpec, patterns: JobForPools['patterns'], again = false): Promise<SpecEdit> {
  const job = jobId(spec.namespace, spec.name)
  const edit = await editDocument(session, jobDocId(job), spec.pool, (doc) => {
    const changes = jobChanges(session.io, doc, spec, again)
    // A file for one pool takes the job over: no other file prunes it any more.
    return changes.set(jobPaths.pools, patterns === null ? null : JSON.stringify(patterns))
  })
  return { job, spec, pool: spec.pool, edit }
}

/** What the specification says and the document does not; null for what only the document says. */
export function jobChanges({ crypto, now }: Pick<Io, 'crypto' | 'now'>, doc: Doc, spec: JobSpec, again: boolean): Map<string, Scalar> {
  if (doc.pool !== spec.pool) {
    const hint = 'a job cannot move: remove it there, and run it under another name or once it is gone'
    throw new CliError('E_POOL', `the job lives in pool ${doc.pool}, the file says ${spec.pool}`, { hint })
  }
  mustNotBeDispatched(doc, spec)
  const wanted = specToRegisters({ ...withTimes(crypto, doc, spec, now()), ...rerunOf(crypto, doc, spec, again) })
  const changes = difference(specPart(doc.registers), wanted)
  // A field in conflict is written again even when the file's value is the one that won: that settles it.
  for (const path of doc.conflicts.keys()) {
    if (path.startsWith('spec/')) changes.set(path, wanted.get(path) ?? null)
  }
  return changes.set(jobPaths.desired, 'run')
}

/** What one dispatch said is never changed in part: no version that differs would be in force. */
function mustNotBeDispatched(doc: Doc, spec: JobSpec): void {
  const parent = doc.registers.get('spec/dispatched/parent') ?? null
  if (parent === null || spec.dispatched !== undefined) return
  throw new CliError('E_DISPATCHED', `job ${spec.name} was dispatched from ${String(parent)}, and stays as it was dispatched`, {
    hint: `change ${String(parent)} and dispatch it again, or give the file another name`,
  })
}

/**
 * What ran once runs again when an operator says so, when it is another program or has other settings, and when the job had been removed:
 * its copies of then are forgotten, but not on a board that has not heard of that. Everything else leaves what is complete as it is.
 */
function rerunOf(crypto: Crypto, doc: Doc, spec: JobSpec, again: boolean): Pick<JobSpec, 'rerun'> {
  if (again && spec.periodic !== undefined)
    throw new CliError('E_USAGE', 'a periodic job runs again at its times', { hint: `now: shoal job periodic force ${spec.name}` })
  if (!isRunOnce(spec) || doc.changeCount === 0) return {}
  const before = specFaults(doc.registers).spec
  const rerun = before.rerun ?? 0
  // Its runs are named by their times: none of them is complete, whatever the job was before. The number is kept for when it has none again.
  if (spec.periodic !== undefined) return rerun === 0 ? {} : { rerun }
  const isOther = spec.groups.some((group) => {
    const known = before.groups.find(({ name }) => name === group.name)
    return known !== undefined && formOf(crypto, { ...before, rerun }, known) !== formOf(crypto, { ...spec, rerun }, group)
  })
  return again || isOther || doc.registers.get(jobPaths.desired) === 'removed' ? { rerun: rerun + 1 } : rerun === 0 ? {} : { rerun }
}

export function specPart(registers: Registers): Registers {
  return new Map([...registers].filter(([path]) => path.startsWith('spec/')))
}
