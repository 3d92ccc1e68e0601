// A document without some of its changes: those whose envelopes the store lost cannot be handed on, nor can anything that builds on them;
// and an admin builds on none that have no effect. What is left is a document that every peer can have, too.

import type { Crypto } from './crypto.ts'
import type { ActorClock, Doc, EnvelopeRef } from './doc.ts'
import { genesisOf } from './genesis.ts'
import type { ActorId, ChangeHash } from './ids.ts'
import { type DecodedChange, decodeChange, freeAfter, openHandle, withHandle } from './replica-handle.ts'
import { digestOf, readAgain } from './replica-state.ts'
import { emptyDoc } from './replica.ts'

interface Told {
  readonly bytes: Uint8Array
  readonly change: DecodedChange
  readonly envelope: EnvelopeRef | undefined
}

/** null when nothing of the document would be left. Envelopes go as a whole; the order of those that stay is kept. */
export function cutBack(crypto: Crypto, doc: Doc, isLost: (envelope: EnvelopeRef) => boolean): Doc | null {
  const told = withHandle(doc, (handle) => handle.changes().map((bytes) => tell(doc, bytes)))
  const gone = goneOf(told, new Set(doc.envelopes.filter(isLost)))
  const envelopes = doc.envelopes.filter((envelope) => !gone.has(envelope))
  if (envelopes.length === 0) return null
  const kept = told.filter(({ envelope }) => envelope !== undefined && !gone.has(envelope))
  return { ...madeOf(crypto, doc, kept), ...clockOf(envelopes), envelopes }
}

/** With these changes only, which hold all that they build on: to be written to, not to be stored, since envelopes may be cut in two. */
export function cutTo(crypto: Crypto, doc: Doc, changes: ReadonlySet<ChangeHash>): Doc {
  const told = withHandle(doc, (handle) => handle.changes().map((bytes) => tell(doc, bytes)))
  const kept = told.filter(({ change }) => changes.has(change.hash as ChangeHash))
  const seqs = new Map<string, number>()
  for (const { change } of kept) seqs.set(change.actor, Math.max(seqs.get(change.actor) ?? 0, change.seq))
  const clock = new Map(
    [...doc.clock].flatMap(([actor, { author }]) => (seqs.has(actor) ? [[actor, { seq: seqs.get(actor)!, author }]] : [])),
  )
  const envelopes = [...new Set(kept.flatMap(({ envelope }) => envelope ?? []))]
  return { ...madeOf(crypto, doc, kept), clock, changeCount: kept.length, envelopes }
}

function madeOf(crypto: Crypto, doc: Doc, kept: readonly Told[]): Doc {
  const fresh = emptyDoc(crypto, doc.id, doc.pool, doc.epoch, doc.base)
  return freeAfter(openHandle(fresh), (handle) => {
    for (const { bytes } of kept) handle.apply(bytes)
    const written = new Set(kept.flatMap(({ change }) => change.ops.map((op) => op.key ?? '')))
    const { registers, conflicts } = readAgain(fresh, handle, written)
    const heads = handle.heads()
    return { ...fresh, saved: handle.save(), registers, conflicts, heads, digest: digestOf(crypto, doc.epoch, heads) }
  })
}

function tell(doc: Doc, bytes: Uint8Array): Told {
  const change = decodeChange(bytes)
  const holds = ({ actor, firstSeq, count }: EnvelopeRef): boolean =>
    actor === change.actor && change.seq >= firstSeq && change.seq < firstSeq + count
  return { bytes, change, envelope: change.hash === genesisOf[doc.kind].hash ? undefined : doc.envelopes.find(holds) }
}

/** The lost ones and all that build on them; each change comes after what it builds on, but an envelope holds several. */
function goneOf(told: readonly Told[], lost: ReadonlySet<EnvelopeRef>): ReadonlySet<EnvelopeRef> {
  const gone = new Set(lost)
  for (let before = -1; before !== gone.size;) {
    before = gone.size
    const hashes = new Set<string>()
    for (const { change, envelope } of told) {
      if (envelope === undefined) continue
      if (change.deps.some((dep) => hashes.has(dep))) gone.add(envelope)
      if (gone.has(envelope)) hashes.add(change.hash)
    }
  }
  return gone
}

function clockOf(envelopes: readonly EnvelopeRef[]): Pick<Doc, 'clock' | 'changeCount'> {
  const clock = new Map<ActorId, ActorClock>()
  for (const { actor, author, firstSeq, count } of envelopes) {
    clock.set(actor, { seq: Math.max(clock.get(actor)?.seq ?? 0, firstSeq + count - 1), author })
  }
  return { clock, changeCount: [...clock.values()].reduce((sum, { seq }) => sum + seq, 0) }
}
