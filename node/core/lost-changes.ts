// Signed changes that the store lost although their document is here. Peers are asked for them; what none of them has, nobody may ever
// have again, and a document that holds it could never be the same on two boards. So with jobs that are lost whole, and what runs for
// them. Upholds invariant 18.

import { cutBack } from '../../crdt/cut-back.ts'
import type { Doc } from '../../crdt/doc.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { type SlotId, jobDocId, opsDocId, slotParts } from '../../crdt/ids.ts'
import { compareVersions, isMember } from '../../crdt/view.ts'
import type { Alloc } from './allocs/alloc.ts'
import { persistBody } from './allocs/claim.ts'
import { end } from './allocs/lifecycle.ts'
import { hasCompany } from './alone.ts'
import { drop, put } from './documents.ts'
import { coreLimits } from './limits.ts'
import { stopOrphan } from './orphans.ts'
import { type State, type Step, note } from './state.ts'

/** Looks some time after the boot, and again for as long as something is lost. A board that is alone keeps all: there is nobody to agree with. */
export function giveUpLost(step: Step): void {
  const { state, now } = step
  if (now < state.lostLookAt) return
  for (const doc of [...state.docs.values()])
    if (doc.envelopes.some((ref) => state.lacking.has(ref.hash)) && hasSomebodyToAsk(state, doc)) giveUp(step, doc)
  if (hasCompany(state) && isEverybodyHere(step)) {
    endUnknown(step)
    for (const alloc of state.allocs.values())
      if (isAhead(step, alloc)) takeBackVersions(step, state.docs.get(jobDocId(slotParts(alloc.slot).job))!)
  }
  // What was held back for the sake of orphans may be claimed by now.
  if (state.orphans.length > 0) state.planStale = true
  const copies = [...state.allocs.values()]
  const isAnyLost =
    state.lacking.size > 0 ||
    [...copies, ...state.orphans].some((copy) => isUnknown(state, copy)) ||
    copies.some((copy) => isAhead(step, copy))
  state.lostLookAt = isAnyLost ? nextLookAt(step) : Number.MAX_SAFE_INTEGER
}

/** What operators wish about a board, that board has been asked for even if it is evicted here, and so counts for nothing else. */
function hasSomebodyToAsk(state: State, doc: Doc): boolean {
  return hasCompany(state) || [...state.peers.keys()].some((peer) => doc.id === opsDocId(peer))
}

function nextLookAt({ state, now }: Step): number {
  const settledAt = state.livenessChangedAt + coreLimits.lackingMsMax
  return settledAt > now ? settledAt : now + coreLimits.lackingMsMax
}

/** And has been for so long that each could have sent what it has: whoever has just come back is not done with it. */
function isEverybodyHere({ state, now }: Step): boolean {
  const { view, boot, livenessChangedAt } = state
  if (now - livenessChangedAt < coreLimits.lackingMsMax) return false
  return [...view.nodes.values()].every(
    (node) => node.id === boot.config.self || !isMember(node) || node.liveness === 'alive' || node.liveness === 'left',
  )
}

/** Cuts the document back to what is still signed. Of one that is lost whole somebody who is away may have everything, so all are waited for. */
function giveUp(step: Step, doc: Doc): void {
  const { state } = step
  const lost = doc.envelopes.filter((ref) => state.lacking.has(ref.hash))
  const left = cutBack(step.env.crypto, doc, (ref) => state.lacking.has(ref.hash))
  if (left !== null) {
    note(step, `no peer has the ${lost.length} signed changes of ${doc.id} that are gone from this disk: it goes on without them`, 'warn')
    for (const { hash } of lost) state.lacking.delete(hash)
    put(step, doc, left, [], false)
    if (left.kind === 'job') takeBackVersions(step, left)
  } else if (isEverybodyHere(step)) {
    note(
      step,
      `no peer has any of the signed changes of ${doc.id}, which are all gone from this disk: it is given up; make it anew`,
      'warn',
    )
    drop(step, doc)
  }
}

/** What runs here for jobs that no board knows: nobody could ever change or stop it. */
function endUnknown(step: Step): void {
  const { state } = step
  for (const alloc of state.allocs.values())
    if (isUnknown(state, alloc)) end(step, alloc, 'stopped', 'job-lost: no board knows the job any more')
  const orphans = state.orphans.filter((task) => isUnknown(state, task))
  state.orphans = state.orphans.filter((task) => !orphans.includes(task))
  for (const task of orphans) stopOrphan(step, task)
}

function isUnknown(state: State, { slot }: { readonly slot: SlotId }): boolean {
  return !state.docs.has(jobDocId(slotParts(slot).job))
}

/** It runs at a version of which this board's own documents know nothing: they are older than the disk on which it was begun. */
function isAhead({ state, env }: Step, { slot, body }: Alloc): boolean {
  const doc = state.docs.get(jobDocId(slotParts(slot).job))
  return doc !== undefined && compareVersions(body.version, jobView(env.crypto, doc).version) > 0
}

/** What runs here at a version that nobody will ever hear of counts as the newest of those that are left: all would wait for it otherwise. */
function takeBackVersions(step: Step, doc: Doc): void {
  const { id, version } = jobView(step.env.crypto, doc)
  for (const alloc of step.state.allocs.values()) {
    if (slotParts(alloc.slot).job !== id || compareVersions(alloc.body.version, version) <= 0) continue
    alloc.body.version = version
    persistBody(step, alloc)
    step.state.ownStale = true
    step.state.planStale = true
  }
}
