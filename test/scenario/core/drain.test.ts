// `node drain` on simulated boards: its end by the board's own clock, on both sides of a cut, over reboots; and how copies leave, a few at a
// time, each once it is healthy where it goes.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import { type MigratePolicy, migrateDefaults } from '../../../crdt/spec.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { check, checkedGroup } from '../../support/checks.ts'
import { bootPool, count, home, place, slotsOf } from '../../support/pool.ts'
import { claimOf, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000
const distinct = [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] as const
const migrate = (policy: Partial<MigratePolicy>): { migrate: MigratePolicy } => ({ migrate: { ...migrateDefaults, ...policy } })

interface Wish {
  readonly deadlineMs?: number | null
  readonly saidAtMs?: number
  readonly ignoreSystem?: boolean
}

function drain(world: World, by: Board, board: Board, { deadlineMs = null, saidAtMs = 1, ignoreSystem = false }: Wish = {}): void {
  const wishes: readonly (readonly [string, Scalar])[] = [
    [opsPaths.draining, true],
    [opsPaths.drainSaidAtMs, saidAtMs],
    [opsPaths.drainDeadlineMs, deadlineMs],
    [opsPaths.drainIgnoresSystem, ignoreSystem],
  ]
  edit(world, by, opsDocId(board.spec.id), 'default', () => new Map(wishes))
}

function undrain(world: World, by: Board, board: Board): void {
  edit(world, by, opsDocId(board.spec.id), 'default', () => new Map([[opsPaths.draining, false]]))
}

const isEmpty = (board: Board): boolean => board.tasks.size === 0

/** Two copies that must not share a board, on two boards: what drains has nowhere to go. */
function withoutRoom() {
  const { world, boards, first } = bootPool(2)
  const job = place(world, { count: 2, group: { constraints: distinct } })
  const going = home(world, slot(job, 0))
  return { world, boards, first, job, going, other: boards.find((board) => board !== going)! }
}

test('what has no other place runs on until the deadline, and stops then; without a deadline it runs on', () => {
  const { world, job, going, other } = withoutRoom()
  drain(world, other, going)
  world.run(90 * minuteMs)
  assert.deepEqual(runners(world, slot(job, 0)), [going.spec.name])
  drain(world, other, going, { saidAtMs: 2, deadlineMs: 5 * minuteMs })
  world.run(5 * minuteMs - 5_000)
  assert.deepEqual(runners(world, slot(job, 0)), [going.spec.name], 'it counts from this wish, not from the first')
  world.until('it has stopped', () => isEmpty(going), minuteMs)
  world.run(minuteMs)
  assert.deepEqual([...going.tasks.values(), ...runners(world, slot(job, 0))], [])
  assert.match(claimOf(other, slot(job, 0), going)!.reason, /^drained: /)
  undrain(world, other, going)
  world.until('it is back', () => runners(world, slot(job, 0)).length === 1, minuteMs)
})

test('force: stopped at once, and placed anew where there is room, all copies of a group together', () => {
  const { world, boards, first } = bootPool(3)
  const job = place(world, { count: 6 })
  const going = boards[1]!
  const moved = slotsOf(job, 6).filter((id) => home(world, id) === going)
  assert.ok(moved.length >= 2)
  drain(world, first, going, { deadlineMs: 0 })
  world.until('nothing is left', () => isEmpty(going), 5_000)
  world.until('all run elsewhere', () => moved.every((id) => runners(world, id).length === 1), 10_000)
})

test('a deadline stops batch copies that have begun, and system copies unless these are to stay', () => {
  const { world, boards, first } = bootPool(2)
  const going = boards[1]!
  const log = runJob(world, first, jobSpec({ name: 'log', type: 'system' }))
  world.until('a copy on each board', () => boards.every((board) => board.tasks.size === 1), minuteMs)
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  const batch = runJob(world, first, jobSpec({ name: 'work', type: 'batch' }))
  world.until('the batch copy runs there', () => going.tasks.size === 2, minuteMs)
  world.run(3_000)
  drain(world, first, going, { deadlineMs: 2 * minuteMs, ignoreSystem: true })
  world.run(minuteMs)
  assert.equal(going.tasks.size, 2, 'it is waited for')
  world.until('the batch copy has stopped', () => runners(world, slot(batch)).length === 0, 2 * minuteMs)
  world.run(minuteMs)
  assert.deepEqual(
    [...going.tasks.values()].map((task) => task.slot.split('/')[1]),
    ['log'],
  )
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, true]]))
  world.until('it runs where there is room', () => runners(world, slot(batch)).join() === first.spec.name, minuteMs)
  drain(world, first, going, { saidAtMs: 2, deadlineMs: 0 })
  world.until('nothing is left', () => isEmpty(going), minuteMs)
  assert.equal([...first.tasks.values()].filter((task) => task.slot.startsWith(log)).length, 1)
})

test('on a cut-off board, which heard of it, the deadline comes as well; the other side goes on by its own rules', () => {
  const { world, job, going, other } = withoutRoom()
  drain(world, going, going, { deadlineMs: 3 * minuteMs })
  world.cut(going, other)
  world.run(2 * minuteMs)
  assert.deepEqual(runners(world, slot(job, 0)), [going.spec.name])
  world.until('it has stopped', () => isEmpty(going), 2 * minuteMs)
  assert.deepEqual(runners(world, slot(job, 1)), [other.spec.name])
  world.heal()
  world.run(minuteMs)
  assert.ok(isEmpty(going))
  assert.equal(claimOf(other, slot(job, 0), going)?.state, 'stopped')
})

test('two sides of a cut each drain another board: after the heal both are empty, and no slot was without a copy', () => {
  const { world, boards } = bootPool(4)
  const job = place(world, { count: 4, group: { ...migrate({ maxParallel: 2 }), constraints: [] } })
  const [a, b, c, d] = boards as [Board, Board, Board, Board]
  for (const left of [a, b]) for (const right of [c, d]) world.cut(left, right)
  world.run(20_000)
  drain(world, a, b)
  drain(world, d, c)
  let fewest = 4
  const watch = (): boolean => {
    fewest = Math.min(fewest, slotsOf(job, 4).filter((id) => runners(world, id).length > 0).length)
    return isEmpty(b) && isEmpty(c)
  }
  world.until('each side has drained its own', watch, 3 * minuteMs)
  world.heal()
  world.until('one copy each', () => watch() && slotsOf(job, 4).every((id) => runners(world, id).length === 1), 3 * minuteMs)
  assert.equal(fewest, 4)
  const knows = (board: Board): boolean => [b, c].every(({ spec }) => board.core!.state!.view.nodes.get(spec.id)!.draining)
  world.until('all know of both', () => boards.every(knows), minuteMs)
})

test('a reboot in the middle: the drain goes on, and its deadline counts anew', () => {
  const { world, job, going, other } = withoutRoom()
  drain(world, other, going, { deadlineMs: 5 * minuteMs })
  world.run(4 * minuteMs)
  world.kill(going)
  world.run(10_000)
  world.boot(going)
  world.run(4 * minuteMs)
  assert.deepEqual(runners(world, slot(job, 0)), [going.spec.name])
  world.until('it has stopped', () => isEmpty(going), 2 * minuteMs)
})

test('taken back half-way: what has moved stays where it is, what was on its way goes back, and the rest never leaves', () => {
  const { world, boards, first } = bootPool(2)
  const [, going] = boards as [Board, Board]
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  const job = place(world, { count: 3 })
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, true]]))
  drain(world, first, going, { deadlineMs: minuteMs })
  world.until('one has moved', () => going.tasks.size === 2, minuteMs)
  world.until('the next is on its way', () => first.tasks.size === 2, minuteMs)
  undrain(world, first, going)
  world.run(10 * minuteMs)
  assert.deepEqual([first.tasks.size, going.tasks.size], [1, 2])
  assert.equal(
    slotsOf(job, 3).every((id) => runners(world, id).length === 1),
    true,
  )
})

test('two boards of a pool drain at once: one copy of a group after the other, and each stops only once it is healthy elsewhere', () => {
  const { world, boards, first } = bootPool(4)
  const [, , one, two] = boards as [Board, Board, Board, Board]
  const job = place(world, { count: 6, group: migrate({ minHealthyMs: 20_000 }) })
  const slots = slotsOf(job, 6)
  const leaving = slots.filter((id) => [one, two].includes(home(world, id)))
  assert.ok(leaving.length >= 2 && [one, two].every((board) => !isEmpty(board)))
  const startsBefore = count(world, 'start')
  drain(world, first, one)
  drain(world, first, two)
  let most = 0
  const twice = (): number => slots.filter((id) => runners(world, id).length === 2).length
  world.until('both are empty', () => ((most = Math.max(most, twice())), isEmpty(one) && isEmpty(two)), 10 * minuteMs)
  assert.equal(most, 1)
  assert.equal(count(world, 'start') - startsBefore, leaving.length, 'only what had to')
  const times = [one, two].flatMap((board) => board.trail.filter(({ what }) => what === 'stop').map(({ at }) => at)).sort((a, b) => a - b)
  assert.ok(
    times.slice(1).every((at, index) => at - times[index]! >= 20_000),
    'min_healthy_time of migrate lies between them',
  )
})

/** A copy with a check on the second of two boards, and room for it on the first, where its check does not pass. */
function checkedCopy(policy: Partial<MigratePolicy>) {
  const { world, boards, first } = bootPool(2)
  const going = boards[1]!
  const eligible = (value: boolean): void =>
    edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, value]]))
  eligible(false)
  world.checks.of = (board) => (board === first ? 'fails' : 'passes')
  const job = runJob(world, first, jobSpec({ group: checkedGroup([check()], migrate(policy)) }))
  world.until('healthy', () => claimOf(first, slot(job), going)?.healthy === true, minuteMs)
  eligible(true)
  drain(world, first, going)
  return { world, first, going, id: slot(job) }
}

test('a copy that is not healthy where it goes is given up by the healthy_deadline of migrate; until then and after the old one runs', () => {
  const { world, first, going, id } = checkedCopy({ minHealthyMs: 2_000, healthyDeadlineMs: 40_000 })
  world.run(35_000)
  assert.deepEqual(runners(world, id).sort(), [first.spec.name, going.spec.name])
  world.until('it was given up there', () => claimOf(first, id, first)?.state === 'failed', minuteMs)
  assert.match(claimOf(first, id, first)!.reason, /^unhealthy: not healthy within 40000 ms: check app\/ready failed/)
  world.run(minuteMs)
  assert.deepEqual(runners(world, id), [going.spec.name])
})

test('health_check: task_states asks for no check, of the copy that moves alone; once it has moved its checks count again', () => {
  const { world, first, going, id } = checkedCopy({ healthCheck: 'task_states', minHealthyMs: 5_000 })
  world.until('it has moved', () => isEmpty(going), minuteMs)
  world.run(10_000)
  assert.deepEqual(runners(world, id), [first.spec.name])
  assert.equal(claimOf(first, id, first)!.healthy, false)
})

test('the agent of the board to which a copy moves is started anew in the middle: it still counts by migrate', () => {
  const { world, boards, first } = bootPool(2)
  const going = boards[1]!
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  const job = place(world, { group: migrate({ minHealthyMs: 30_000 }) })
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, true]]))
  drain(world, first, going)
  world.until('both run it', () => runners(world, slot(job)).length === 2, minuteMs)
  world.run(5_000)
  world.kill(first)
  world.run(1_000)
  world.boot(first)
  world.run(25_000)
  assert.equal(runners(world, slot(job)).length, 2)
  world.until('it has moved', () => isEmpty(going), minuteMs)
})
