// Signed changes that the store lost although their document is here. Peers are asked for them; what none of them has, nobody may ever
// have again, and a document that holds it could never be the same on two boards. Upholds invariant 18.

import { cutBack } from '../../crdt/cut-back.ts'
import type { Doc } from '../../crdt/doc.ts'
import { jobView } from '../../crdt/documents/job.ts'
import { slotParts } from '../../crdt/ids.ts'
import { compareVersions } from '../../crdt/view.ts'
import { persistBody } from './allocs/lifecycle.ts'
import { hasCompany } from './alone.ts'
import { put } from './documents.ts'
import { coreLimits } from './limits.ts'
import { type State, type Step, note } from './state.ts'

/** When `giveUpLost` next has something to do. What is lacking is found out at boot, so all of it is due at one time. */
export function lostDeadline(state: State): number {
  const [until] = state.lacking.values()
  return until ?? Number.MAX_SAFE_INTEGER
}

/** Cuts documents back to what is still signed. A board that is alone keeps all: there is nobody to agree with. */
export function giveUpLost(step: Step): void {
  const { state, env, now } = step
  if (now < lostDeadline(state)) return
  for (const hash of state.lacking.keys()) state.lacking.set(hash, now + coreLimits.lackingMsMax)
  if (!hasCompany(state)) return
  for (const doc of [...state.docs.values()]) {
    const lost = doc.envelopes.filter((ref) => state.lacking.has(ref.hash))
    const left = lost.length === 0 ? null : cutBack(env.crypto, doc, (ref) => state.lacking.has(ref.hash))
    if (left === null) continue
    note(step, `no peer has the ${lost.length} signed changes of ${doc.id} that are gone from this disk: it goes on without them`, 'warn')
    for (const { hash } of lost) state.lacking.delete(hash)
    put(step, doc, left, [], false)
    if (left.kind === 'job') takeBackVersions(step, left)
  }
}

/** What runs here at a version that nobody will ever hear of counts as the newest of those that are left: all would wait for it otherwise. */
function takeBackVersions(step: Step, doc: Doc): void {
  const { id, version } = jobView(step.env.crypto, doc)
  for (const alloc of step.state.allocs.values()) {
    if (slotParts(alloc.slot).job !== id || compareVersions(alloc.body.version, version) <= 0) continue
    alloc.body.version = version
    persistBody(step, alloc)
  }
}
