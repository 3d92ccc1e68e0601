// A dispatch: from a parameterized job as it is in force, metadata and a payload to the document of a job that runs once. The name follows
// from the token, so that the same dispatch, repeated here or on the other side of a split, is the same document (docs/adr/0028).

import { toBase64 } from '../../crdt/base64.ts'
import type { Doc } from '../../crdt/doc.ts'
import { orderOf } from '../../crdt/documents/dispatch-order.ts'
import { type JobId, jobDocId, jobId } from '../../crdt/ids.ts'
import { dispatchedName } from '../../crdt/dispatch-name.ts'
import { faultText } from '../../crdt/documents/fault.ts'
import { jobPaths, jobView, specToRegisters } from '../../crdt/documents/job.ts'
import { checkSpec } from '../../crdt/documents/job-rules.ts'
import { modelLimits } from '../../crdt/documents/model-limits.ts'
import { specFaults } from '../../crdt/documents/spec-faults.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import type { Scalar } from '../../crdt/registers.ts'
import type { JobSpec, ParameterizedSpec } from '../../crdt/spec.ts'
import { CliError } from '../errors.ts'
import { fetchDoc, fetchFleet } from '../documents/document.ts'
import { editDocument, mustExist } from './job-edit.ts'
import type { SpecEdit } from './job-from-file.ts'
import { nearest } from '../job-file/suggest.ts'
import { shortJob } from './job-ref.ts'
import type { Session } from '../peers/session.ts'

export interface Dispatch {
  readonly meta: Readonly<Record<string, string>>
  /** null: none. */
  readonly payload: Uint8Array | null
  readonly token: string
}

/** Writes nothing where the same was dispatched before. */
export async function editDispatched(session: Session, parent: JobId, dispatch: Dispatch): Promise<SpecEdit> {
  const { crypto } = session.io
  const fleet = await fetchFleet(session)
  const from = await fetchDoc(session, fleet, jobDocId(parent), undefined)
  const { spec: base, rules } = dispatchable(crypto, from, parent)
  mustFit(rules, dispatch, parent)
  const name = dispatchedName(crypto, parent, dispatch.token)
  const spec = dispatchedSpec(crypto, base, name, dispatch)
  const faults = checkSpec(spec).map(faultText)
  if (faults.length > 0) throw new CliError('E_DISPATCH', `job ${shortJob(parent)} cannot be dispatched like this`, { details: faults })
  const job = jobId(spec.namespace, name)
  const edit = await editDocument(session, jobDocId(job), spec.pool, (doc) => changesFor(doc, spec, { given: dispatch.meta, base, rules }))
  return { job, spec, pool: spec.pool, edit }
}

interface Dispatchable {
  readonly spec: JobSpec
  readonly rules: ParameterizedSpec
}

function dispatchable(crypto: Crypto, doc: Doc, parent: JobId): Dispatchable {
  mustExist(doc, parent)
  const { desired, spec } = jobView(crypto, doc)
  const short = shortJob(parent)
  const hint = 'shoal job inspect shows it as it is'
  if (desired !== 'run') throw new CliError('E_DISPATCH', `job ${short} is ${desired}`, { hint: 'run its file again' })
  if (spec === null) throw new CliError('E_JOB_NOT_VALID', `no version of job ${short} validates`, { hint })
  if (spec.parameterized === undefined)
    throw new CliError('E_DISPATCH', `job ${short} has no parameterized block: it runs as it is, and is not dispatched`, { hint })
  return { spec, rules: spec.parameterized }
}

/** What was given against what the job asks for, all faults at once. */
function mustFit(rules: ParameterizedSpec, { meta, payload }: Dispatch, parent: JobId): void {
  const known = [...rules.metaRequired, ...rules.metaOptional]
  const unknown = Object.keys(meta).filter((key) => !known.includes(key))
  const details = [
    ...unknown.map((key) => unknownMeta(key, known)),
    ...rules.metaRequired.filter((key) => !Object.hasOwn(meta, key)).map((key) => `--meta ${key}=VALUE is missing: the job asks for it`),
    ...(rules.payload === 'required' && payload === null ? ['--payload FILE is missing: the job asks for one'] : []),
    ...(rules.payload === 'forbidden' && payload !== null ? ['--payload: the job takes none'] : []),
    ...(payload !== null && payload.length > modelLimits.payloadBytesMax
      ? [`--payload: found ${payload.length} bytes; allowed: at most ${modelLimits.payloadBytesMax}`]
      : []),
  ]
  if (details.length > 0) throw new CliError('E_DISPATCH', `job ${shortJob(parent)} cannot be dispatched like this`, { details })
}

function unknownMeta(key: string, known: readonly string[]): string {
  const meant = nearest(key, known)
  const hint = meant === null ? '' : ` (did you mean '${meant}'?)`
  return `--meta ${key}: the job does not know it${hint}; allowed: ${known.length === 0 ? 'none' : known.join(', ')}`
}

function dispatchedSpec(crypto: Crypto, base: JobSpec, name: string, { meta, payload }: Dispatch): JobSpec {
  const { parameterized: _, rerun: _rerun, ...rest } = base
  const given = payload === null || payload.length === 0 ? {} : { payload: toBase64(payload) }
  const spec = { ...rest, name, meta: { ...base.meta, ...meta }, dispatched: { parent: base.name, order: '', ...given } }
  return { ...spec, dispatched: { ...spec.dispatched, order: orderOf(crypto, spec) } }
}

interface Asked {
  readonly given: Dispatch['meta']
  readonly base: JobSpec
  readonly rules: ParameterizedSpec
}

/** Nothing if the document says it already, also if it came from an older version of the job. */
function changesFor(doc: Doc, spec: JobSpec, { given, base, rules }: Asked): ReadonlyMap<string, Scalar> {
  if (doc.changeCount === 0) return specToRegisters(spec).set(jobPaths.desired, 'run')
  const { spec: before } = specFaults(doc.registers)
  // What was not given, and the job itself says: it may have said something else then.
  const keys = [...rules.metaRequired, ...rules.metaOptional].filter((key) => Object.hasOwn(given, key) || !Object.hasOwn(base.meta, key))
  const differing = [
    ...keys.filter((key) => before.meta[key] !== spec.meta[key]).map((key) => `meta ${key}`),
    ...(before.dispatched?.payload === spec.dispatched?.payload ? [] : ['the payload']),
  ]
  if (differing.length === 0) return new Map()
  throw new CliError('E_DISPATCHED', `this token was used before, with another value of: ${differing.join(', ')}; nothing was changed`, {
    hint: `shoal job inspect ${shortJob(`${spec.namespace}/${spec.name}`)} shows what was dispatched; another dispatch takes another token`,
  })
}
