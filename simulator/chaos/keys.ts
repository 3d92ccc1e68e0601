// A second operator's key: an admin gives it a role, it is used, and an admin takes it away; what it wrote counts on only where the admin
// vouched for it. At the end whatever has no effect is given up, as an admin does who has looked at it.

import { jobDocId, fleetDocId } from '../../crdt/ids.ts'
import type { AuthorId, OperatorId } from '../../crdt/ids.ts'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { specToRegisters } from '../../crdt/documents/job.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { judgedHere } from '../../node/core/documents.ts'
import { everyJob, everyPoolPattern } from '../../crdt/rights/grant.ts'
import { wordPaths } from '../../crdt/rights/judge-doc.ts'
import type { Board } from '../board.ts'
import type { Change } from '../operator.ts'
import { isOver } from './faults-boards.ts'
import { chaosJobId } from './own-jobs.ts'
import type { EventOf } from './plan.ts'
import { answering, handIn, hashOf, hashesAt, put, signedOrNull } from './put.ts'
import { marked } from './revoked-key.ts'
import type { Stage } from './stage.ts'

export function grantKey(stage: Stage, { via }: EventOf<'key-grant'>): void {
  const key = stage.second.id as string as OperatorId
  const grant = new Map<string, Scalar>([
    [fleetPaths.role(key), 'operator'],
    [fleetPaths.operatorName(key), 'second'],
    [fleetPaths.pools(key, everyPoolPattern), true],
    [fleetPaths.jobs(key, everyJob), true],
  ])
  put(stage, via, fleetDocId, () => grant)
}

/** It changes a job, with marks that nobody else makes. A board that has not heard of its role refuses it. */
export function useKey(stage: Stage, { via, job, mark }: EventOf<'key-use'>): void {
  const { second, witness } = stage
  const board = answering(stage, via)
  const spec = board?.core?.state?.view.jobs.get(chaosJobId(job))?.spec
  if (board === null || spec == null) return
  const doc = jobDocId(chaosJobId(job))
  const [before, after] = [specToRegisters(spec), specToRegisters(marked(spec, mark))]
  const change: Change = () => new Map([...after].filter(([path, value]) => before.get(path) !== value))
  const isRevoked = witness.rules.revokedKey.isKnownTo(board)
  const had = hashesAt(board, doc)
  witness.changes(job)
  witness.lastWords.unsure(doc)
  const envelopes = signedOrNull(stage, board, doc, () => second.sign(stage.world, board, doc, board.spec.pool ?? 'default', change))
  if (envelopes === null) return
  for (const bytes of envelopes) witness.rules.revokedKey.wrote(mark, hashOf(bytes))
  const taken = handIn(stage, board, { doc, envelopes, before: had })
  if (taken === null || taken.length === 0) return
  witness.saw('second-key-wrote')
  if (isRevoked)
    witness.violated('revoked-has-no-effect', `${via} takes a change of ${doc} from the owner of a key that it knows to be revoked`)
}

/** `vouches`: for what it has written, as far as this board has it. Else it was stolen. */
export function revokeKey(stage: Stage, { via, vouches }: EventOf<'key-revoke'>): void {
  const { second, witness, world } = stage
  const state = answering(stage, via)?.core?.state
  const key = second.id as string as OperatorId
  const role = state?.docs.get(fleetDocId)?.registers.get(fleetPaths.role(key))
  if (state == null || role === undefined) return
  if (vouches) {
    for (const doc of writtenBy(state.docs.values(), second.id)) {
      witness.rules.revokedKey.stands(doc.envelopes.map(({ hash }) => hash))
      put(stage, via, doc.id, another(wordPaths.vouch(second.id)))
    }
  }
  put(stage, via, fleetDocId, another(fleetPaths.revoked(key)))
  if (witness.rules.revokedKey.isKnownTo(world.board(via))) witness.saw(vouches ? 'key-revoked' : 'stolen-key-revoked')
}

/** What nobody wants to look at any more holds no copy. Asked for again until it is so everywhere. */
export function giveUpTheVoid(stage: Stage): void {
  const { world, second } = stage
  for (const pool of new Set([...world.boards.values()].map(({ spec }) => spec.pool))) {
    const board = [...world.boards.values()].find((one) => one.spec.pool === pool && !isOver(stage, one) && isMember(one))
    const state = board?.core?.state
    if (board === undefined || state == null) continue
    for (const doc of writtenBy(state.docs.values(), second.id)) {
      const judged = judgedHere(state, doc.id)?.judged
      if (judged === undefined || [...judged.voided].every((hash) => judged.released.has(hash))) continue
      stage.witness.saw('void-given-up')
      put(stage, board.spec.name, doc.id, another(wordPaths.release(second.id)))
    }
  }
}

function isMember({ core, spec }: Board): boolean {
  return core?.state?.view.nodes.get(spec.id)?.evicted === false
}

function writtenBy(docs: Iterable<Doc>, key: AuthorId): Doc[] {
  return [...docs].filter(({ kind, envelopes }) => kind === 'job' && envelopes.some(({ author }) => author === key))
}

/** A word that was given before counts as far as it knew: it is given anew. */
function another(path: string): Change {
  return (registers: ReadonlyMap<string, Scalar>) => new Map([[path, Number(registers.get(path) ?? 0) + 1]])
}
