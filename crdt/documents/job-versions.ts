// The versions of a job: what each edit's author made of it, in a causal order that is the same everywhere. A merge of two sides is a
// version, too, but has no edit of its own.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import { type ChangeHash, compareText } from '../ids.ts'
import type { Registers } from '../registers.ts'
import { historyOf } from '../replica.ts'
import type { JobVersion } from '../view.ts'
import { shortHash } from './canonical.ts'
import { orderFault } from './dispatch-order.ts'
import { shown } from './fault.ts'
import { specFaults } from './spec-faults.ts'

export interface PastVersion {
  /** The edit's last change: the job as it was then is what `registersAt` reads there. */
  readonly change: ChangeHash
  readonly version: JobVersion
}

/** What the specification says of itself must also be true of the document that it is in. */
export function faultsHere(crypto: Crypto, registers: Registers, doc: Doc): ReturnType<typeof specFaults> {
  const read = specFaults(registers)
  const { spec } = read
  const faults = [...read.faults]
  const id = doc.id.slice('job/'.length)
  if (`${spec.namespace}/${spec.name}` !== id)
    faults.push({ path: 'job', found: shown(`${spec.namespace}/${spec.name}`), allowed: `${id}, the document's own name` })
  if (spec.pool !== doc.pool)
    faults.push({ path: 'pool', found: shown(spec.pool), allowed: `${doc.pool}, the pool that holds the document` })
  const order = orderFault(crypto, registers)
  if (order !== null) faults.push(order)
  return { spec, faults }
}

/**
 * Every edit's own causal past, newest version first. An edit that was too big for one change is one envelope of several: only the
 * last of them is an edit that somebody meant.
 */
export function pastVersions(crypto: Crypto, doc: Doc): readonly PastVersion[] {
  const lastOfEnvelope = new Set(doc.envelopes.map((ref) => `${ref.actor} ${ref.firstSeq + ref.count - 1}`))
  return historyOf(doc)
    .filter((change) => lastOfEnvelope.has(`${change.actor} ${change.seq}`))
    .map(({ hash, past }) => ({ change: hash, version: versionOf(crypto, doc, past, [hash]) }))
    .sort((a, b) => b.version.count - a.version.count || compareText(b.version.hash, a.version.hash))
}

export function versionOf(crypto: Crypto, doc: Doc, count: number, heads: readonly ChangeHash[]): JobVersion {
  return { epoch: doc.epoch, count: doc.base + count, hash: headsHash(crypto, heads) }
}

function headsHash(crypto: Crypto, heads: readonly ChangeHash[]): string {
  return shortHash(crypto, [...heads].sort(compareText).join(','), 16)
}
