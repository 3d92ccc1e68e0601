// How far the one author of a node document has written it: epoch, actor and sequence of its newest change. Each boot's actor goes
// on from all that came before, so this names the document's heads, and a later change or a later epoch holds them too. Link
// states carry it: an equality of digests would make a board that has just started, or has more already, wait for nothing.

import type { Doc } from './doc.ts'
import { assert } from './errors.ts'
import type { ActorId } from './ids.ts'

/** `epoch/actor/sequence`; a disk that was set back writes under another actor, so what it says is not mistaken for what was lost. */
export function authoredHeads(doc: Doc): string {
  const newest = doc.envelopes.at(-1)
  assert(newest !== undefined, 'a document without changes has nothing to say')
  return `${doc.epoch}/${newest.actor}/${newest.firstSeq + newest.count - 1}`
}

const pattern = /^(\d{1,15})\/([0-9a-f]{32})\/(\d{1,15})$/

/** Whether the document holds those heads. `heads` may be anything that a stranger signed. */
export function holdsHeads(doc: Doc, heads: string): boolean {
  const [, epoch, actor, seq] = pattern.exec(heads) ?? []
  if (actor === undefined) return false
  if (doc.epoch !== Number(epoch)) return doc.epoch > Number(epoch)
  return (doc.clock.get(actor as ActorId)?.seq ?? 0) >= Number(seq)
}
