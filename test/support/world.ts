// A simulated pool with a fleet and an operator, for tests of the core: small verbs that read like the story of the test.

import type { DocId, JobId, SlotId } from '../../crdt/ids.ts'
import { jobDocId, jobId, slotId } from '../../crdt/ids.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Claim } from '../../crdt/view.ts'
import { type Change, createOperator, submission } from '../../simulator/operator.ts'
import { type Board, type BoardSpec, World, type WorldOptions } from '../../simulator/world.ts'
import { testCrypto, testSigner } from './crypto.ts'

export { type JobOptions, jobSpec } from '../../simulator/job-spec.ts'
export { submission }

export const crypto = testCrypto()
/** Seed of the operator's key. */
export const operatorSeed = 1
const operator = createOperator(crypto, testSigner(operatorSeed).id, testSigner(operatorSeed).signer)
export const { fleet, signJob, sign: signChange } = operator
export const { fleetEnvelopes } = operator

export type BoardOptions = Partial<Pick<BoardSpec, 'labels' | 'capacity' | 'pool' | 'drivers' | 'bootstrap' | 'devices'>>

export function createWorld(
  count: number,
  { board, ...options }: { board?: (index: number) => BoardOptions } & Pick<WorldOptions, 'loses' | 'delayMs' | 'flaws' | 'isDialled'> = {},
): World {
  const boards = Array.from({ length: count }, (_, index): BoardSpec => {
    const { node, signer } = testSigner(100 + index)
    return { name: `b${index}`, id: node, signer, ...board?.(index) }
  })
  return new World({ crypto, fleet, fleetEnvelopes, boards, ...options })
}

/** Signs a change and sends it to the board. */
export function edit(world: World, board: Board, doc: DocId, pool: string, change: Change): void {
  const reply = operator.put(world, board, doc, pool, change)
  if (reply !== null && reply.kind !== 'receipt') throw new Error(JSON.stringify(reply))
}

export function runJob(world: World, board: Board, spec: JobSpec): JobId {
  const id = jobId(spec.namespace, spec.name)
  edit(world, board, jobDocId(id), spec.pool, submission(spec))
  // A specification with faults is a document like any other, and nothing would ever run: better told here.
  const problems = board.core?.state?.view.jobs.get(id)?.problems ?? []
  if (problems.length > 0) throw new Error(problems.join('\n'))
  return id
}

export function slot(job: JobId, index = 0, group = 'g'): SlotId {
  return slotId(job, group, index)
}

/** Names of the boards on which a task of the slot really runs. */
export function runners(world: World, id: SlotId): string[] {
  return [...world.boards.values()]
    .filter((board) => [...board.tasks.values()].some((task) => task.slot === id))
    .map((board) => board.spec.name)
}

export function claimOf(board: Board, id: SlotId, by: Board): Claim | undefined {
  return board.core?.state?.view.claims.get(id)?.find((claim) => claim.node === by.spec.id)
}

export function holderOf(board: Board, id: SlotId): string | null {
  const holder = board.core?.state?.plan?.bySlot.get(id)?.standing.holder
  return holder == null ? null : (board.core?.state?.view.nodes.get(holder.node)?.name ?? null)
}

/** Every board that runs an agent has the same documents. */
export function areEqual(boards: readonly Board[]): boolean {
  const seen = new Set<string>()
  for (const { core } of boards) {
    if (core?.state == null) continue
    seen.add(
      [...core.state.docs.values()]
        .map((doc) => `${doc.id}=${doc.digest}`)
        .sort()
        .join('\n'),
    )
  }
  return seen.size <= 1
}

export function allAlive(boards: readonly Board[]): boolean {
  return boards.every(
    ({ core }) =>
      core?.state != null && [...core.state.view.nodes.values()].filter((node) => node.liveness === 'alive').length === boards.length,
  )
}
