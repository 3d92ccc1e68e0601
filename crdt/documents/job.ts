// A job document as everyone else sees it: which specification is in force, whether it should run, what operators wish for single
// slots. Equal documents give equal answers on every node; what a node happened to run before never matters.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import { type Form, type JobId, type NodeId, type SlotId, slotId } from '../ids.ts'
import { type Registers, below } from '../registers.ts'
import { registersAt } from '../replica.ts'
import type { JobSpec } from '../spec.ts'
import type { JobVersion, JobView, SlotWish, SpecVersion } from '../view.ts'
import { faultText } from './fault.ts'
import { formOf } from './form.ts'
import { heldCopies, isGivenUp } from './held.ts'
import { jobPaths } from './job-paths.ts'
import { faultsHere, pastVersions, versionOf } from './job-versions.ts'
import { modelLimits } from './model-limits.ts'
import { placeOf } from './path-table.ts'
import { promotedForms, promotedPath } from './promotion.ts'
import { formsOf, specVersions } from './spec-versions.ts'
import { specToRegisters } from './spec-writer.ts'

export { formOf, jobPaths, promotedPath, specToRegisters }

/** `alloc restart`: raise it by one. */
export function restartPath(group: string, place: number | NodeId): string {
  return `wish/${group}/${place}/restart`
}

/** `alloc stop`: set it to the generation that shall go. */
export function stopGenerationPath(group: string, place: number | NodeId): string {
  return `wish/${group}/${place}/stop_generation`
}

interface InForce {
  readonly spec: JobSpec | null
  readonly version: JobVersion
  readonly problems: readonly string[]
}

export function jobView(crypto: Crypto, doc: Doc): JobView {
  const id = doc.id.slice('job/'.length) as JobId
  const { spec, version, problems } = specInForce(crypto, doc)
  const forms = spec === null ? new Map<string, Form>() : formsOf(crypto, spec)
  const { registers } = doc
  const promoted = promotedForms(doc)
  return {
    id,
    desired: desiredOf(doc, spec),
    spec,
    version,
    problems,
    forms,
    wishes: wishesOf(registers, id),
    ...(spec === null ? {} : earlierVersions(crypto, doc, { version, spec, forms })),
    ...(registers.get(jobPaths.paused) === true ? { paused: true } : {}),
    ...(promoted.size === 0 ? {} : { promoted }),
    held: heldCopies(crypto, doc),
  }
}

/** Only of a job that somebody asks for them: reading them takes longest. */
function earlierVersions(
  crypto: Crypto,
  doc: Doc,
  newest: Pick<SpecVersion, 'version' | 'spec' | 'forms'>,
): Pick<JobView, 'versions' | 'ordering'> {
  if (!newest.spec.groups.some(({ update }) => update.autoRevert === true || update.canary !== undefined)) return {}
  const { versions, orders } = specVersions(crypto, doc, newest)
  return { versions, ...(orders.some(({ promotions }) => promotions.size > 0) ? { ordering: orders } : {}) }
}

/** The merge of all heads if it validates; else, over every change's own causal past, the valid one with the highest version. */
function specInForce(crypto: Crypto, doc: Doc): InForce {
  const merge = faultsHere(crypto, doc.registers, doc)
  const version = versionOf(crypto, doc, doc.changeCount, doc.heads)
  if (merge.faults.length === 0) return { spec: merge.spec, version, problems: [] }
  const problems = merge.faults.map(faultText)
  for (const { change, version: older } of pastVersions(crypto, doc).slice(0, modelLimits.fallbackEditsMax)) {
    const { spec, faults } = faultsHere(crypto, registersAt(doc, [change]), doc)
    if (faults.length === 0) return { spec, version: older, problems }
  }
  return { spec: null, version, problems }
}

function desiredOf(doc: Doc, spec: JobSpec | null): JobView['desired'] {
  const desired = doc.registers.get(jobPaths.desired)
  if (desired === 'stopped' || desired === 'removed') return desired
  return spec === null && isGivenUp(doc) ? 'removed' : 'run'
}

function wishesOf(registers: Registers, id: JobId): ReadonlyMap<SlotId, SlotWish> {
  const wishes = new Map<SlotId, SlotWish>()
  for (const [path, value] of below(registers, 'wish')) {
    const [group = '', text = '', field, ...rest] = path.split('/')
    const place = placeOf(text)
    if (place === null || rest.length > 0 || typeof value !== 'number') continue
    const slot = slotId(id, group, place)
    const wish = wishes.get(slot) ?? { restart: 0, stopGeneration: 0 }
    if (field === 'restart') wishes.set(slot, { ...wish, restart: value })
    if (field === 'stop_generation') wishes.set(slot, { ...wish, stopGeneration: value })
  }
  return wishes
}
