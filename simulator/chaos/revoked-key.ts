// What a revoked key wrote has no effect where that is known, unless an admin vouched for it or wrote it anew. What it writes bears marks
// that nobody else makes, so that no board has to be asked whose it was.

import { specToRegisters } from '../../crdt/documents/job.ts'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { type OperatorId, fleetDocId } from '../../crdt/ids.ts'
import type { Registers } from '../../crdt/registers.ts'
import { type JobSpec, isPerNode } from '../../crdt/spec.ts'
import type { View } from '../../crdt/view.ts'
import type { Board } from '../board.ts'
import type { Finding } from './invariants.ts'
import type { SeenStep } from './seen-step.ts'
import { cheapIdentity } from '../cheap-crypto.ts'

/** Of no board, and not the founder's. */
export const secondIdentity = cheapIdentity(1_000)

/** No drawn job wants so many copies. */
const countsBelow = 6
const marks = /^\/bin\/second-(\d+)$/

export function marked(spec: JobSpec, mark: number): JobSpec {
  const config = { command: `/bin/second-${mark}` }
  const groups = spec.groups.map((group) => ({
    ...group,
    count: isPerNode(spec) ? group.count : countsBelow + mark,
    tasks: group.tasks.map((task) => ({ ...task, config: { ...task.config, ...config } })),
  }))
  return { ...spec, groups }
}

export class RevokedKey {
  readonly #key = secondIdentity.node as string as OperatorId
  /** What an admin stands for. */
  readonly #standing = new Set<number>()
  /** Envelope → mark. */
  readonly #written = new Map<string, number>()
  readonly #knows = new Set<Board>()
  readonly #views = new WeakMap<Board, View>()

  wrote(mark: number, hash: string): void {
    this.#written.set(hash, mark)
  }

  /** An admin has vouched for these, or a new epoch begins with what they said. */
  stands(hashes: Iterable<string>): void {
    for (const hash of hashes) {
      const mark = this.#written.get(hash)
      if (mark !== undefined) this.#standing.add(mark)
    }
  }

  /** What an admin writes is its own, wherever it has it from. */
  copied(values: Registers): void {
    for (const [path, value] of values) for (const mark of marksIn(path, value)) this.#standing.add(mark)
  }

  isKnownTo({ core }: Board): boolean {
    return core?.state?.docs.get(fleetDocId)?.registers.get(fleetPaths.revoked(this.#key)) !== undefined
  }

  /** Its disk is another one, or has lost something, or power failed before all of the step was carried out. */
  forgets(board: Board): void {
    this.#knows.delete(board)
    this.#views.delete(board)
  }

  after({ board, state }: SeenStep): Finding[] {
    // What cannot be written down is forgotten with the power.
    if (state.viewStale || state.view === this.#views.get(board) || board.disk.fault !== null || board.held.size > 0) return []
    this.#views.set(board, state.view)
    const { name } = board.spec
    if (!this.isKnownTo(board))
      return this.#knows.has(board) ? [{ rule: 'revoked-has-no-effect', what: `${name} knows no more that the key is revoked` }] : []
    this.#knows.add(board)
    return [...state.view.jobs.values()].flatMap(({ id, spec }): Finding[] => {
      const found = marksOf(spec).find((mark) => !this.#standing.has(mark))
      if (found === undefined) return []
      return [{ rule: 'revoked-has-no-effect', what: `${name} follows edit ${found} of ${id}, by a key that it knows to be revoked` }]
    })
  }
}

function marksIn(path: string, value: unknown): number[] {
  if (typeof value === 'number') return path.endsWith('/count') && value > countsBelow ? [value - countsBelow] : []
  const [, mark] = typeof value === 'string' ? (marks.exec(value) ?? []) : []
  return mark === undefined ? [] : [Number(mark)]
}

function marksOf(spec: JobSpec | null): number[] {
  return spec === null ? [] : [...specToRegisters(spec)].flatMap(([path, value]) => marksIn(path, value))
}
