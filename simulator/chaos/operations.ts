// Carries out what operators do: at one board, with what that board knows. A board that is down or takes no writes does nothing.

import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { faultsHere, pastVersions } from '../../crdt/documents/job-versions.ts'
import { jobPaths, restartPath, specToRegisters, stopGenerationPath } from '../../crdt/documents/job.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { type DocId, fleetDocId, hex, jobDocId, jobId, opsDocId, slotId } from '../../crdt/ids.ts'
import { toBase64 } from '../../crdt/base64.ts'
import { type Registers, type Scalar, difference } from '../../crdt/registers.ts'
import { registersAt } from '../../crdt/replica.ts'
import type { GroupSpec, JobSpec } from '../../crdt/spec.ts'
import { envelopeKey } from '../../node/core/documents.ts'
import { nextPlanVersion } from '../next-agent.ts'
import { type Change, submission } from '../operator.ts'
import type { Board } from '../board.ts'
import { chaosCrypto } from './crypto.ts'
import { chaosJobId } from './own-jobs.ts'
import type { ChaosEvent, EventOf } from './plan.ts'
import type { Stage } from './stage.ts'

export function operate(stage: Stage, event: ChaosEvent): void {
  switch (event.kind) {
    case 'run':
      return put(stage, event.via, jobDocId(jobId(event.spec.namespace, event.spec.name)), submission(event.spec))
    case 'scale':
      return edit(stage, event, (spec) => withGroup(spec, { count: event.count }))
    case 'command':
      return edit(stage, event, (spec) => withCommand(spec, event.command))
    case 'desire':
      if (event.desired === 'removed') stage.witness.removed(chaosJobId(event.job))
      return wish(stage, event, () => new Map([[jobPaths.desired, event.desired]]))
    case 'pause-rollouts':
      return wish(stage, event, () => new Map([[jobPaths.paused, event.paused ? true : null]]))
    case 'revert':
      return revert(stage, event)
    case 'alloc-stop':
      return stopAlloc(stage, event)
    case 'alloc-restart': {
      const path = restartPath(groupOf(stage, event), event.index)
      return wish(stage, event, (registers) => new Map([[path, Number(registers.get(path) ?? 0) + 1]]))
    }
    case 'node':
      return wishOfNode(stage, event)
    case 'raise-plan':
      stage.isPlanRaised = true
      return put(stage, event.via, fleetDocId, () => new Map([[fleetPaths.planVersion, nextPlanVersion]]))
    default:
      return
  }
}

/** Of a job with several groups, the first one's copies are the ones that operators stop and start. */
function groupOf(stage: Stage, event: { readonly via: string; readonly job: string }): string {
  const spec = stage.world.board(event.via).core?.state?.view.jobs.get(chaosJobId(event.job))?.spec
  return spec?.groups[0]?.name ?? 'g'
}

export function put(stage: Stage, via: string, doc: DocId, change: Change): void {
  const { world, witness } = stage
  const board = world.board(via)
  // Nobody waits at a board that does not answer.
  if (board.core === null || board.pausedUntil > world.queue.now) return
  const registers = board.core.state?.docs.get(doc)?.registers ?? new Map<string, Scalar>()
  const values = change(registers)
  const before = new Set(board.core.state?.docs.get(doc)?.envelopes.map((ref) => ref.hash))
  // Before the board hears of it: what follows from it may happen in the very same step.
  witness.changes(doc.split('/').at(-1) ?? '')
  const envelopes = signedOrNull(stage, board, doc, change)
  if (envelopes === null) return
  const reply = envelopes.length === 0 ? null : (world.request(board, { method: 'doc.put', envelopes })[0] ?? null)
  if (reply === null) {
    // A slow board takes the change later, and nobody waits for its answer.
    if (envelopes.length > 0) witness.lastWords.unsure(doc)
    return witness.note(`${via} ${envelopes.length > 0 ? 'does not answer yet about' : 'had nothing to change in'} ${doc}`)
  }
  if (reply.kind === 'error' && reply.code === 'E_STORE_FULL') witness.saw('disk-refused')
  if (reply.kind !== 'receipt') {
    // It may have it in memory, and so may others soon.
    witness.lastWords.unsure(doc)
    return witness.note(`${via} refused: ${JSON.stringify(reply)}`)
  }
  const fresh = board.core?.state?.docs.get(doc)?.envelopes.filter((ref) => !before.has(ref.hash)) ?? []
  const hashes = fresh.map((ref) => ref.hash)
  witness.lastWords.wrote(doc, via, values, before, hashes)
  const undone = new Set(board.disk.unsynced.flat().map(([key]) => key))
  if (hashes.some((hash) => undone.has(envelopeKey(hash))))
    witness.violated('durable-before-told', `${via} acknowledges a change of ${doc} that a power cut undoes`)
  for (const hash of hashes) witness.acknowledgements.took({ hash, doc, via: board, at: world.queue.now })
  noteConcurrent(stage, board, doc, new Set(hashes))
}

/** A board that has lost a part of the document on its disk cannot hand it out: its operator is told so and goes away. */
function signedOrNull({ world, operator, witness }: Stage, board: Board, doc: DocId, change: Change): string[] | null {
  try {
    const envelopes = operator.sign(world, board, doc, board.spec.pool ?? 'default', change)
    for (const bytes of envelopes) witness.rules.authors.genuine(hex(chaosCrypto.sha256(bytes)))
    return envelopes.map(toBase64)
  } catch (error) {
    if ((board.core?.state?.lacking.size ?? 0) === 0) throw error
    witness.note(`${board.spec.name} has not got all of ${doc}`)
    return null
  }
}

/** Somebody on the other side of a cut has just changed the same document. */
function noteConcurrent(stage: Stage, board: Board, doc: DocId, own: ReadonlySet<string>): void {
  const known = new Set(board.core?.state?.docs.get(doc)?.envelopes.map((ref) => ref.hash))
  for (const other of stage.world.boards.values()) {
    const theirs = other.core?.state?.docs.get(doc)?.envelopes ?? []
    if (own.size > 0 && theirs.some((ref) => !known.has(ref.hash))) stage.witness.saw('both-sides-wrote')
  }
}

/** A wish about a job that the board knows. */
function wish(stage: Stage, event: { readonly via: string; readonly job: string }, change: Change): void {
  const board = stage.world.board(event.via)
  if (board.core?.state?.view.jobs.has(chaosJobId(event.job)) === true) put(stage, event.via, jobDocId(chaosJobId(event.job)), change)
}

/** As `job run` with a file that was edited: the specification in force there, with one change. */
function edit(stage: Stage, event: { readonly via: string; readonly job: string }, change: (spec: JobSpec) => JobSpec): void {
  const spec = stage.world.board(event.via).core?.state?.view.jobs.get(chaosJobId(event.job))?.spec
  if (spec == null) return
  const [before, after] = [specToRegisters(spec), specToRegisters(change(spec))]
  wish(stage, event, () => new Map([...after].filter(([path, value]) => before.get(path) !== value)))
}

function revert(stage: Stage, event: EventOf<'revert'>): void {
  const { state } = stage.world.board(event.via).core ?? {}
  const doc = state?.docs.get(jobDocId(chaosJobId(event.job)))
  if (doc === undefined) return
  const specOf = (registers: Registers): Registers => new Map([...registers].filter(([path]) => path.startsWith('spec/')))
  for (const { change } of pastVersions(chaosCrypto, doc)) {
    const registers = registersAt(doc, [change])
    const changes = difference(specOf(doc.registers), specOf(registers))
    if (changes.size === 0 || faultsHere(chaosCrypto, registers, doc).faults.length > 0) continue
    return wish(stage, event, () => changes)
  }
}

function withGroup(spec: JobSpec, change: Partial<GroupSpec>): JobSpec {
  return { ...spec, groups: spec.groups.map((group) => ({ ...group, ...change })) }
}

function withCommand(spec: JobSpec, command: string): JobSpec {
  const groups = spec.groups.map((group) => ({
    ...group,
    tasks: group.tasks.map((task) => ({ ...task, config: { ...task.config, command } })),
  }))
  return { ...spec, groups }
}

function stopAlloc(stage: Stage, event: EventOf<'alloc-stop'>): void {
  const { state } = stage.world.board(event.via).core ?? {}
  const claims = state?.view.claims.get(slotId(chaosJobId(event.job), groupOf(stage, event), event.index)) ?? []
  const newest = Math.max(0, ...claims.map((claim) => claim.generation))
  if (newest > 0) wish(stage, event, () => new Map([[stopGenerationPath(groupOf(stage, event), event.index), newest]]))
}

function wishOfNode(stage: Stage, event: EventOf<'node'>): void {
  const { world } = stage
  const doc = opsDocId(world.board(event.board).spec.id)
  const isWished = event.wish !== 'ineligible'
  const path = event.wish === 'ineligible' ? opsPaths.eligible : opsPaths[event.wish]
  if (event.wish === 'evicted') stage.witness.excuse('evicted', event.board)
  if (event.wish === 'draining') stage.witness.excuse('drained', event.board)
  put(stage, event.via, doc, () => new Map([[path, isWished]]))
  if (event.wish === 'ineligible') stage.witness.saw('ineligible')
  if (event.forMs === null) return
  world.queue.after(event.forMs, () => {
    if (!stage.isOver) put(stage, event.via, doc, () => new Map([[path, !isWished]]))
  })
}
