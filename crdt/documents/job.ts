// A job document as everyone else sees it: which specification is in force, whether it should run, what operators wish for single
// slots. Equal documents give equal answers on every node; what a node happened to run before never matters.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import { type ChangeHash, type Form, type JobId, type NodeId, type SlotId, compareText, slotId } from '../ids.ts'
import { type Registers, below } from '../registers.ts'
import { historyOf, registersAt } from '../replica.ts'
import type { JobSpec } from '../spec.ts'
import { type JobView, type JobVersion, type SlotWish } from '../view.ts'
import { shortHash } from './canonical.ts'
import { faultText, shown } from './fault.ts'
import { formOf } from './form.ts'
import { heldCopies, isGivenUp } from './held.ts'
import { jobPaths } from './job-paths.ts'
import { modelLimits } from './model-limits.ts'
import { placeOf } from './path-table.ts'
import { specFaults } from './spec-faults.ts'
import { specToRegisters } from './spec-writer.ts'

export { formOf, jobPaths, specToRegisters }

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
  const { spec, version, problems } = specInForce(crypto, doc, id)
  const forms = new Map<string, Form>()
  for (const group of spec?.groups ?? []) forms.set(group.name, formOf(crypto, spec as JobSpec, group))
  const { registers } = doc
  return {
    id,
    desired: desiredOf(doc, spec),
    spec,
    version,
    problems,
    forms,
    wishes: wishesOf(registers, id),
    ...(registers.get(jobPaths.paused) === true ? { paused: true } : {}),
    held: heldCopies(crypto, doc),
  }
}

/** The merge of all heads if it validates; else, over every change's own causal past, the valid one with the highest version. */
function specInForce(crypto: Crypto, doc: Doc, id: JobId): InForce {
  const merge = faultsHere(doc.registers, doc, id)
  const version = versionOf(crypto, doc, doc.changeCount, doc.heads)
  if (merge.faults.length === 0) return { spec: merge.spec, version, problems: [] }
  const problems = merge.faults.map(faultText)
  for (const { past, heads, hash } of pastVersions(crypto, doc)) {
    const older = faultsHere(registersAt(doc, heads), doc, id)
    if (older.faults.length === 0) return { spec: older.spec, version: { epoch: doc.epoch, count: doc.base + past, hash }, problems }
  }
  return { spec: null, version, problems }
}

/** What the specification says of itself must also be true of the document that it is in. */
function faultsHere(registers: Registers, doc: Doc, id: JobId): ReturnType<typeof specFaults> {
  const read = specFaults(registers)
  const { spec } = read
  const faults = [...read.faults]
  if (`${spec.namespace}/${spec.name}` !== id)
    faults.push({ path: 'job', found: shown(`${spec.namespace}/${spec.name}`), allowed: `${id}, the document's own name` })
  if (spec.pool !== doc.pool)
    faults.push({ path: 'pool', found: shown(spec.pool), allowed: `${doc.pool}, the pool that holds the document` })
  return { spec, faults }
}

/**
 * Every edit's own causal past, newest version first. An edit that was too big for one change is one envelope of several: only the
 * last of them is an edit that somebody meant.
 */
function pastVersions(crypto: Crypto, doc: Doc): readonly { past: number; heads: readonly ChangeHash[]; hash: string }[] {
  const lastOfEnvelope = new Set(doc.envelopes.map((ref) => `${ref.actor} ${ref.firstSeq + ref.count - 1}`))
  return historyOf(doc)
    .filter((change) => lastOfEnvelope.has(`${change.actor} ${change.seq}`))
    .map((change) => ({ past: change.past, heads: [change.hash], hash: headsHash(crypto, [change.hash]) }))
    .sort((a, b) => b.past - a.past || compareText(b.hash, a.hash))
    .slice(0, modelLimits.fallbackEditsMax)
}

function versionOf(crypto: Crypto, doc: Doc, count: number, heads: readonly ChangeHash[]): JobVersion {
  return { epoch: doc.epoch, count: doc.base + count, hash: headsHash(crypto, heads) }
}

function headsHash(crypto: Crypto, heads: readonly ChangeHash[]): string {
  return shortHash(crypto, [...heads].sort(compareText).join(','), 16)
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
