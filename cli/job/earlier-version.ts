// An earlier version of a job, found by the name that `job history` gives it, or as the newest one that says something else than the job
// does now.

import type { Crypto } from '../../crdt/crypto.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type Fault, faultText } from '../../crdt/documents/fault.ts'
import { type PastVersion, faultsHere, pastVersions } from '../../crdt/documents/job-versions.ts'
import { jobPaths, specToRegisters } from '../../crdt/documents/job.ts'
import { type Scalar, difference } from '../../crdt/registers.ts'
import { registersAt } from '../../crdt/replica.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import { CliError } from '../errors.ts'
import { specPart } from './job-from-file.ts'
import { shortJob } from './job-ref.ts'
import { versionText } from './version-text.ts'

export interface EarlierVersion {
  /** As `job history` shows it. */
  readonly name: string
  /** Without the number of orders to run again: these are counted on. Whoever orders it says since when its times count. */
  readonly spec: JobSpec
}

/** EPOCH.COUNT, with as much of the hash as tells it from others: of the edit (`job history`) or of the version (`job status`). */
const versionPattern = /^(\d{1,15})\.(\d{1,15})(?:\.([0-9a-f]{1,64}))?$/

export function versionNamed(crypto: Crypto, doc: Doc, text: string): EarlierVersion {
  const [, epoch, count, hash = ''] = versionPattern.exec(text) ?? []
  if (epoch === undefined)
    throw unknown(doc, `'${text.slice(0, 80)}' is not a version (EPOCH.COUNT or EPOCH.COUNT.HASH, as in 1.7.0a1b2c3d)`)
  const all = pastVersions(crypto, doc)
  const found = all.filter(
    ({ change, version }) =>
      version.epoch === Number(epoch) && version.count === Number(count) && (change.startsWith(hash) || version.hash.startsWith(hash)),
  )
  const [only, ...others] = found
  if (only === undefined) throw unknown(doc, whyUnknown(doc, all, text, { epoch: Number(epoch), count: Number(count) }))
  if (others.length > 0)
    throw new CliError('E_AMBIGUOUS', `${found.length} edits made on different sides are ${text}`, { details: found.map(nameOf).sort() })
  const { spec, faults } = specOf(crypto, doc, only)
  if (faults.length > 0)
    throw new CliError('E_JOB_NOT_VALID', `version ${nameOf(only)} of job ${jobOf(doc)} does not validate`, {
      details: faults.map(faultText),
    })
  if (specChanges(doc, spec).size === 0 && runs(doc))
    throw new CliError('E_VERSION_SAME', `job ${jobOf(doc)} is as it was at ${nameOf(only)}; nothing was changed`)
  return { name: nameOf(only), spec }
}

/** The newest version that validates and says something else than the newest state. */
export function lastOther(crypto: Crypto, doc: Doc): EarlierVersion {
  for (const version of pastVersions(crypto, doc)) {
    const { spec, faults } = specOf(crypto, doc, version)
    if (faults.length === 0 && specChanges(doc, spec).size > 0) return { name: nameOf(version), spec }
  }
  throw unknown(doc, `nothing in the history of job ${jobOf(doc)} says anything else than it does now`)
}

function specOf(crypto: Crypto, doc: Doc, { change }: PastVersion): { readonly spec: JobSpec; readonly faults: readonly Fault[] } {
  const read = faultsHere(crypto, registersAt(doc, [change]), doc)
  const { rerun: _, ...spec } = read.spec
  return { spec, faults: read.faults }
}

function whyUnknown(doc: Doc, all: readonly PastVersion[], text: string, { epoch, count }: { epoch: number; count: number }): string {
  const oldest = all.at(-1)
  if (oldest !== undefined && epoch <= doc.epoch && (epoch < doc.epoch || count < oldest.version.count) && doc.epoch > 1)
    return `version ${text} of job ${jobOf(doc)} was dropped with the history before ${nameOf(oldest)} (job compact)`
  return `job ${jobOf(doc)} has no version ${text}, or one that is only a part of an edit or without effect`
}

function unknown(doc: Doc, words: string): CliError {
  return new CliError('E_VERSION_UNKNOWN', words, { hint: `shoal job history ${jobOf(doc)}` })
}

function specChanges(doc: Doc, spec: JobSpec): ReadonlyMap<string, Scalar> {
  const changes = difference(specPart(doc.registers), specToRegisters(spec))
  for (const path of [jobPaths.rerun, jobPaths.since, jobPaths.forced]) changes.delete(path)
  return changes
}

function runs(doc: Doc): boolean {
  return (doc.registers.get(jobPaths.desired) ?? 'run') === 'run'
}

function nameOf({ change, version }: PastVersion): string {
  return versionText({ ...version, hash: change })
}

function jobOf(doc: Doc): string {
  return shortJob(doc.id.slice('job/'.length))
}
