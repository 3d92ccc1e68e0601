// A job file and the document that it is about, brought together into the change that makes one like the other.

import type { Doc } from '../crdt/doc.ts'
import { jobPaths, specToRegisters } from '../crdt/documents/job.ts'
import { type JobId, jobDocId, jobId } from '../crdt/ids.ts'
import { type Registers, type Scalar, difference } from '../crdt/registers.ts'
import type { JobSpec } from '../crdt/spec.ts'
import { CliError } from './errors.ts'
import type { Io } from './io.ts'
import { type Edit, editDocument } from './job-edit.ts'
import { faultLines } from './job-file/fault.ts'
import { readJobFile } from './job-file/read-job-file.ts'
import type { Session } from './session.ts'
import { readTextFile } from './text-file.ts'

export interface FileEdit {
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
  const count = read.faults.length
  throw new CliError('E_JOB_FILE', `${name} has ${count} ${count === 1 ? 'fault' : 'faults'}`, { details: faultLines(read.faults) })
}

export async function editFromFile(session: Session, file: string): Promise<FileEdit> {
  const spec = await loadJobFile(session.io, file, session.pool ?? undefined)
  const job = jobId(spec.namespace, spec.name)
  const edit = await editDocument(session, jobDocId(job), spec.pool, (doc) => jobChanges(doc, spec))
  return { job, spec, pool: spec.pool, edit }
}

/** What the file says and the document does not; null for what only the document says. */
export function jobChanges(doc: Doc, spec: JobSpec): ReadonlyMap<string, Scalar> {
  if (doc.pool !== spec.pool) {
    const hint = 'a job cannot move: remove it there, and run it under another name or once it is gone'
    throw new CliError('E_POOL', `the job lives in pool ${doc.pool}, the file says ${spec.pool}`, { hint })
  }
  const wanted = specToRegisters(spec)
  const changes = difference(specPart(doc.registers), wanted)
  // A field in conflict is written again even when the file's value is the one that won: that settles it.
  for (const path of doc.conflicts.keys()) {
    if (path.startsWith('spec/')) changes.set(path, wanted.get(path) ?? null)
  }
  return changes.set(jobPaths.desired, 'run')
}

function specPart(registers: Registers): Registers {
  return new Map([...registers].filter(([path]) => path.startsWith('spec/')))
}
