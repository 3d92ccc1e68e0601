// A simulated pool that is at rest, and what `shoal doctor` says when it is asked of one of its boards.

import type { Diagnosis, Finding } from '../../crdt/api-doctor.ts'
import type { Board, World } from '../../simulator/world.ts'
import type { Expected, Pathology } from '../../simulator/pathologies.ts'
import { allAlive, createWorld, jobSpec, runJob, runners, slot } from './world.ts'

const minuteMs = 60_000

export function restingPool(
  count: number,
  { bootstrap, prepare }: Pick<Pathology, 'bootstrap' | 'prepare'> = {},
): { readonly world: World; readonly boards: readonly Board[] } {
  const world = createWorld(count, {
    isDialled: true,
    ...(bootstrap === undefined ? {} : { board: (index: number) => ({ bootstrap: bootstrap(index) }) }),
  })
  const boards = [...world.boards.values()]
  prepare?.(world, boards)
  world.bootAll()
  world.until('all are alive', () => allAlive(boards), 5 * minuteMs)
  const each = { constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] } as const
  const job = runJob(world, boards[0]!, jobSpec({ count, group: each }))
  world.until('a copy runs on each', () => boards.every((_, index) => runners(world, slot(job, index)).length === 1), 2 * minuteMs)
  world.run(2 * minuteMs)
  return { world, boards }
}

export function doctor(world: World, board: Board): Diagnosis {
  const asked = world.ask(board, { method: 'doctor' })
  world.until('the doctor answers', () => asked.isOver, 30_000)
  const [reply] = asked.replies
  if (reply?.kind !== 'doctor') throw new Error(JSON.stringify(reply))
  return reply.diagnosis
}

/** One line each, for messages and comparisons. */
export function said({ findings }: Diagnosis): string[] {
  return findings.map(({ id, from, to }) => `${id}: ${from.join(' ')}${to.length === 0 ? '' : ` > ${to.join(' ')}`}`)
}

export function isExpected(finding: Finding, { id, from, to }: Expected): boolean {
  const same = (named: readonly string[], wanted: readonly string[] | undefined): boolean =>
    wanted === undefined || named.join(' ') === wanted.join(' ')
  return finding.id === id && same(finding.from, from) && same(finding.to, to)
}
