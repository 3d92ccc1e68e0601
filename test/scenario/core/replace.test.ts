// A board takes the place of another, under cuts: what every meeting of such words with one another and with the boards themselves comes to
// (docs/adr/0023).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disconnectDefaults } from '../../../crdt/documents/defaults.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { type JobId, type SlotId, opsDocId } from '../../../crdt/ids.ts'
import type { DisconnectPolicy } from '../../../crdt/spec.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { answer, bootPool, count, place, slotsOf } from '../../support/pool.ts'
import { type JobOptions, areEqual, claimOf, edit, holderOf, jobSpec, runJob, runners } from '../../support/world.ts'

const minuteMs = 60_000
const waiting = (policy: Partial<DisconnectPolicy> = {}): JobOptions => ({
  group: {
    disconnect: { ...disconnectDefaults, replaceAfterMs: 10 * minuteMs, partition: 'any', ...policy },
    constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }],
  },
})

function wish(world: World, by: Board, about: Board, changes: Readonly<Record<string, string | number | boolean>>): void {
  edit(world, by, opsDocId(about.spec.id), 'default', () => new Map(Object.entries(changes)))
}

/** As the command does it. */
function replace(world: World, by: Board, old: Board, fresh: Board): void {
  wish(world, by, fresh, { [opsPaths.admitted]: 'default', [opsPaths.name]: old.spec.name })
  wish(world, by, old, { [opsPaths.evicted]: true, [opsPaths.replacedBy(fresh.spec.id)]: true })
}

const evictedAt = (board: Board, other: Board): boolean | undefined => board.core?.state?.view.nodes.get(other.spec.id)?.evicted
const runsOn = (world: World, slots: readonly SlotId[], board: Board): SlotId[] =>
  slots.filter((id) => runners(world, id).includes(board.spec.name))
const isWhole = (world: World, slots: readonly SlotId[]): boolean => slots.every((id) => runners(world, id).length === 1)

/** Boards at rest with the same documents; they find the same holders. */
function agree(world: World, boards: readonly Board[], slots: readonly SlotId[]): void {
  world.until('they hold the same', () => areEqual(boards), 2 * minuteMs)
  for (const id of slots) assert.equal(new Set(boards.map((board) => holderOf(board, id))).size, 1, id)
}

/** A job with a copy on the first three boards of five; the fourth would be better than the fifth. */
function shop(policy: Partial<DisconnectPolicy> = {}): { world: World; boards: Board[]; job: JobId; slots: SlotId[] } {
  const { world, boards } = bootPool(5)
  const [, , , better, spare] = boards as [Board, Board, Board, Board, Board]
  for (const board of [better, spare]) wish(world, boards[0]!, board, { [opsPaths.eligible]: false })
  const job = place(world, { count: 3, ...waiting(policy) })
  const slots = slotsOf(job, 3)
  wish(world, boards[0]!, better, { [opsPaths.eligible]: true, [opsPaths.weight]: 100 })
  wish(world, boards[0]!, spare, { [opsPaths.eligible]: true })
  world.run(5_000)
  return { world, boards, job, slots }
}

test('a dead board is replaced: its copies go to the board in its place, with its name, and nothing else moves', () => {
  const { world, boards, slots } = shop()
  const [b0, b1, old, better, spare] = boards as [Board, Board, Board, Board, Board]
  const [lost] = runsOn(world, slots, old)
  world.powerCut(old)
  world.run(minuteMs)
  assert.deepEqual(runners(world, lost!), [], 'it is not due yet')
  const before = count(world, 'stop')
  replace(world, b1, old, spare)
  world.until('it runs there', () => runsOn(world, slots, spare).includes(lost!), 10_000)
  assert.deepEqual([count(world, 'stop'), better.tasks.size], [before, 0])
  for (const board of [b0, b1, better, spare]) {
    assert.equal(board.core!.state!.view.nodes.get(spare.spec.id)!.name, 'b2')
    assert.equal(evictedAt(board, old), true)
  }
  // The old card runs after all: it hears that it is out, and stays so.
  world.boot(old)
  world.run(3 * minuteMs)
  assert.deepEqual([old.tasks.size, evictedAt(old, old)], [0, true])
  assert.deepEqual(runners(world, lost!), ['b4'])
  agree(world, [b0, b1, better, spare], slots)
})

test('what was placed elsewhere before the word came stays where it runs', () => {
  const { world, boards, slots } = shop({ replaceAfterMs: 5_000 })
  const [b0, , old, better, spare] = boards as [Board, Board, Board, Board, Board]
  const [lost] = runsOn(world, slots, old)
  world.powerCut(old)
  world.until('it runs on the better board', () => runners(world, lost!).includes(better.spec.name), minuteMs)
  replace(world, b0, old, spare)
  world.run(2 * minuteMs)
  assert.deepEqual([runners(world, lost!), spare.tasks.size], [[better.spec.name], 0])
})

test('a board that is on its way is waited for, but not for longer than a board that falls silent', () => {
  for (const comes of [true, false]) {
    const { world, boards, slots } = shop({ replaceAfterMs: 2 * minuteMs })
    const [b0, , old, better, spare] = boards as [Board, Board, Board, Board, Board]
    const [lost] = runsOn(world, slots, old)
    world.powerCut(old)
    world.powerCut(spare)
    world.run(30_000)
    replace(world, b0, old, spare)
    world.run(30_000)
    assert.deepEqual(runners(world, lost!), [])
    assert.equal(b0.core!.state!.plan!.bySlot.get(lost!)!.reason, 'waiting-successor')
    if (comes) world.boot(spare)
    const [taker, other] = comes ? [spare, better] : [better, spare]
    world.until('taken', () => runners(world, lost!).length === 1, 3 * minuteMs)
    assert.deepEqual([runsOn(world, slots, taker), other.tasks.size], [[lost], 0])
  }
})

test('replaced by two boards on two sides of a cut: both stay, one copy of each slot stays, and nobody disagrees', () => {
  const { world, boards, slots } = shop()
  const [b0, b1, old, left, right] = boards as [Board, Board, Board, Board, Board]
  const [lost] = runsOn(world, slots, old)
  world.powerCut(old)
  world.split([b0, left], [b1, right])
  world.run(minuteMs)
  replace(world, b0, old, left)
  replace(world, b1, old, right)
  world.until('both sides run it', () => runners(world, lost!).length === 2, minuteMs)
  const undisturbed = slots.filter((id) => id !== lost)
  const before = undisturbed.map((id) => count(world, 'stop', { slot: id }))
  world.heal()
  world.until('one of them stays', () => isWhole(world, slots), 2 * minuteMs)
  agree(world, [b0, b1, left, right], slots)
  assert.deepEqual(runners(world, lost!), [left.spec.name], 'it ranks higher')
  assert.deepEqual(
    undisturbed.map((id) => count(world, 'stop', { slot: id })),
    before,
  )
  for (const board of [b0, b1, left, right]) {
    const { nodes } = board.core!.state!.view
    assert.deepEqual(nodes.get(old.spec.id)!.replacedBy, [left.spec.id, right.spec.id].toSorted())
    assert.deepEqual([evictedAt(board, left), evictedAt(board, right)], [false, false])
  }
  assert.equal(answer(world, b0, 'error', { method: 'node.status', node: 'b2' }).code, 'E_AMBIGUOUS', 'both bear its name')
})

test('a part that has not heard of it places the copy by score: after the heal the better one stays, and nothing else moves', () => {
  const { world, boards, slots } = shop({ replaceAfterMs: 30_000 })
  const [b0, b1, old, better, spare] = boards as [Board, Board, Board, Board, Board]
  const [lost] = runsOn(world, slots, old)
  world.powerCut(old)
  world.split([b0, spare], [b1, better])
  replace(world, b0, old, spare)
  world.until('both sides run it', () => runners(world, lost!).length === 2, 2 * minuteMs)
  const before = count(world, 'stop')
  world.heal()
  world.until('one of them stays', () => isWhole(world, slots), 2 * minuteMs)
  agree(world, [b0, b1, better, spare], slots)
  assert.deepEqual([runners(world, lost!), count(world, 'stop')], [[better.spec.name], before + 1])
})

test('one board in the place of two has what both held', () => {
  const { world, boards, slots } = shop()
  const [b0, one, two, , spare] = boards as [Board, Board, Board, Board, Board]
  wish(world, b0, spare, { [opsPaths.weight]: -100 })
  const job = runJob(world, b0, jobSpec({ name: 'mail', count: 2, group: { ...waiting().group, constraints: [] } }))
  world.run(10_000)
  const gone = [one, two].flatMap((board) => runsOn(world, [...slots, ...slotsOf(job, 2)], board))
  for (const board of [one, two]) world.powerCut(board)
  world.run(minuteMs)
  for (const board of [one, two]) replace(world, b0, board, spare)
  world.run(minuteMs)
  // Two copies of one job may not be on one board: the second goes to another.
  assert.ok(gone.every((id) => runners(world, id).length === 1))
  assert.ok(runsOn(world, gone, spare).length > 0)
  assert.equal(b0.core!.state!.view.nodes.get(spare.spec.id)!.name, two.spec.name, 'who was named last')
})

test('the old board lives on the other side, and somebody there admits it again: after the heal it is out all the same', () => {
  const { world, boards, slots } = shop()
  const [b0, b1, old, better, spare] = boards as [Board, Board, Board, Board, Board]
  const [kept] = runsOn(world, slots, old)
  world.split([b0, better, spare], [b1, old])
  world.run(minuteMs)
  replace(world, b0, old, spare)
  wish(world, b1, old, { [opsPaths.evicted]: true })
  wish(world, b1, old, { [opsPaths.evicted]: false })
  world.until('both sides run it', () => runners(world, kept!).length === 2, minuteMs)
  world.run(minuteMs)
  assert.equal(evictedAt(b1, old), false)
  const starts = count(world, 'start')
  world.heal()
  world.until('the old one has stopped it', () => old.tasks.size === 0, 2 * minuteMs)
  world.run(2 * minuteMs)
  assert.deepEqual([runners(world, kept!), count(world, 'start')], [[spare.spec.name], starts])
  assert.deepEqual(
    [b0, b1, better, spare, old].map((board) => evictedAt(board, old)),
    [true, true, true, true, true],
  )
  wish(world, b0, old, { [opsPaths.evicted]: false })
  world.run(minuteMs)
  assert.equal(evictedAt(b1, old), true, 'no later word brings it back')
  agree(world, [b0, b1, better, spare], slots)
})

test('said at the old board itself, which is cut off with it: after the heal its copy goes to the board in its place all the same', () => {
  const { world, boards, slots } = shop()
  const [b0, b1, old, better, spare] = boards as [Board, Board, Board, Board, Board]
  const [lost] = runsOn(world, slots, old)
  world.split([old], [b0, b1, better, spare])
  world.run(30_000)
  replace(world, old, old, spare)
  world.until('it has stopped it', () => old.tasks.size === 0, 30_000)
  world.heal()
  world.until('it runs again', () => isWhole(world, slots), minuteMs)
  assert.deepEqual([runners(world, lost!), better.tasks.size], [[spare.spec.name], 0])
  agree(world, [b0, b1, better, spare], slots)
})

test('the board in its place dies before it has come, and is replaced itself: the next one takes over what the first one held', () => {
  const { world, boards, slots } = shop()
  const [b0, b1, old, better, next] = boards as [Board, Board, Board, Board, Board]
  const [lost] = runsOn(world, slots, old)
  world.powerCut(old)
  world.powerCut(better)
  world.run(minuteMs)
  replace(world, b0, old, better)
  world.run(minuteMs)
  replace(world, b1, better, next)
  world.until('it runs there', () => runners(world, lost!).includes(next.spec.name), 10_000)
  assert.equal(claimOf(b0, lost!, next)?.generation, 2)
  agree(world, [b0, b1, next], slots)
})

test('two boards that are replaced by one another on two sides of a cut are both out', () => {
  const { world, boards, slots } = shop()
  const [b0, b1, one, , other] = boards as [Board, Board, Board, Board, Board]
  world.split([b0, boards[3]!, one], [b1, other])
  world.run(minuteMs)
  replace(world, b0, other, one)
  replace(world, b1, one, other)
  world.run(minuteMs)
  world.heal()
  world.until('all is placed', () => isWhole(world, slots) && one.tasks.size + other.tasks.size === 0, 3 * minuteMs)
  agree(world, [b0, b1, boards[3]!], slots)
  assert.deepEqual([evictedAt(b0, one), evictedAt(b0, other), evictedAt(b1, one), evictedAt(b1, other)], [true, true, true, true])
})
