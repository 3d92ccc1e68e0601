// A disk copied to a second board, and both run at once: to everybody else they are one board that restarts again and again. Both are
// proved to be there, take no new work, and stop nothing, until an operator sends one of them away.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { nodeDocId, opsDocId } from '../../../crdt/ids.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { bootTwin, removeTwin } from '../../../simulator/twins.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { allAlive, areEqual, createWorld, edit, jobSpec, runJob, runners, slot } from '../../support/world.ts'

const minuteMs = 60_000
const each = { constraints: [{ attribute: '', operator: 'distinct_hosts', value: 'true' }] } as const

interface WithTwin {
  readonly world: World
  readonly boards: readonly Board[]
  /** The one that was copied, and the copy. */
  readonly first: Board
  readonly twin: Board
  readonly others: readonly Board[]
}

function withTwin(): WithTwin {
  const world = createWorld(4, { isDialled: true })
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('all are alive', () => allAlive(boards), minuteMs)
  const job = runJob(world, boards[0]!, jobSpec({ count: 4, group: each }))
  world.until('a copy runs on each', () => [0, 1, 2, 3].every((index) => runners(world, slot(job, index)).length === 1), minuteMs)
  world.run(10_000)
  const [first, others] = [boards[3]!, boards.slice(0, 3)]
  return { world, boards, first, twin: bootTwin(world, first, new Map(first.disk)), others }
}

const warned = (board: Board): boolean => board.logs.some((text) => text.includes("another board seems to have this node's key"))
const clonesAt = (board: Board, of: Board): readonly string[] =>
  board.core!.state!.view.nodes.get(of.spec.id)!.clones?.map(({ id }) => id) ?? []
const cloneOf = (board: Board): string => board.core!.state!.clones.self

function quarantined(): WithTwin {
  const all = withTwin()
  all.world.until('all know of both', () => all.boards.every((board) => clonesAt(board, all.first).length === 2), minuteMs)
  return all
}

function sendAway({ world, others, first }: WithTwin, id: string): void {
  edit(world, others[0]!, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.out(id), true]]))
}

test('while two machines have one key the others agree, and both are told what is wrong', () => {
  const { world, first, others, twin } = withTwin()
  world.run(minuteMs)
  for (const board of others) for (const other of others) assert.equal(board.core!.state!.view.nodes.get(other.spec.id)!.liveness, 'alive')
  assert.ok(warned(first) && warned(twin))
})

test('both are known by where they are, neither takes new work, and nothing that runs there stops', async () => {
  const { world, first, twin, others } = quarantined()
  assert.notEqual(cloneOf(first), cloneOf(twin))
  assert.deepEqual(clonesAt(others[0]!, first), [cloneOf(first), cloneOf(twin)].toSorted())
  const cli = await cliOnWorld(world, () => others[1]!)
  const shown = (await cli.run(['node', 'status', first.spec.id])).stdout
  assert.match(shown, /State +alive, clones\n/)
  for (const board of [first, twin]) assert.match(shown, new RegExp(`${cloneOf(board)}  ${board.address}\n`))
  assert.match((await cli.run(['node', 'status'])).stdout, /alive, clones/)
  const job = runJob(world, others[0]!, jobSpec({ name: 'new', count: 4, group: each }))
  world.run(2 * minuteMs)
  assert.deepEqual([0, 1, 2, 3].map((index) => runners(world, slot(job, index)).length).toSorted(), [0, 1, 1, 1])
  assert.match((await cli.run(['job', 'explain', 'new'])).stdout, /clones \(two machines run with its key/)
  for (const board of [first, twin]) assert.equal([...board.tasks.values()].filter((task) => task.slot.includes('/web/')).length, 1)
  assert.deepEqual(
    [first, twin].flatMap(({ trail }) => trail.filter(({ what }) => what === 'stop')),
    [],
  )
  await cli.close()
})

for (const kept of ['the first', 'the second'] as const) {
  test(`an operator keeps ${kept}: the other one stops what it ran and ends, and new work is taken again`, () => {
    const all = quarantined()
    const { world, first, twin, others } = all
    const [stays, goes] = kept === 'the first' ? [first, twin] : [twin, first]
    const job = runJob(world, others[0]!, jobSpec({ name: 'new', count: 4, group: each }))
    world.run(10_000)
    sendAway(all, cloneOf(goes))
    const id = cloneOf(goes)
    let last = ''
    const hasEnded = (): boolean => {
      const { docs } = goes.core?.state ?? {}
      if (docs === undefined) return goes.tasks.size === 0
      // Once it knows, it writes nothing more in the other one's name.
      const own = docs.get(nodeDocId(first.spec.id))!.digest
      if (last !== '') assert.equal(own, last)
      else if (docs.get(opsDocId(first.spec.id))?.registers.has(opsPaths.out(id))) last = own
      return false
    }
    world.until('it has ended', hasEnded, 2 * minuteMs)
    assert.notEqual(last, '')
    world.until('nobody tells of two', () => [...others, stays].every((board) => clonesAt(board, first).length === 0), minuteMs)
    const hasIt = (): boolean => [...stays.tasks.values()].some((task) => task.slot.startsWith(`${job}/`))
    world.until('it has a copy of what is new', hasIt, 2 * minuteMs)
    world.until('the documents are equal', () => areEqual([...others, stays]), 15 * minuteMs)
    assert.equal(stays.trail.filter(({ what }) => what === 'stop').length, 0)
  })
}

test('a clone that was cut off when it was sent away goes once it hears of that; until then it keeps nobody else from new work', () => {
  const all = quarantined()
  const { world, first, twin, others } = all
  const id = cloneOf(twin)
  world.powerCut(twin)
  sendAway(all, id)
  world.until('nobody tells of two', () => [...others, first].every((board) => clonesAt(board, first).length === 0), minuteMs)
  world.boot(twin)
  world.until('it has ended', () => twin.core === null, 5 * minuteMs)
  world.run(minuteMs)
  for (const board of [...others, first]) assert.deepEqual(clonesAt(board, first), [])
  assert.equal(first.tasks.size, 1)
})

test('a clone that was restarted is known by the same id', () => {
  const { world, boards, first, twin } = quarantined()
  const ids = [cloneOf(first), cloneOf(twin)].toSorted()
  world.powerCut(first)
  world.run(5_000)
  world.boot(first)
  world.run(minuteMs)
  for (const board of boards) assert.deepEqual(clonesAt(board, first), ids)
})

test('a card that is copied once more while both are told: the third machine is not taken for the first, and can be sent away', () => {
  const all = quarantined()
  const { world, first, twin, others } = all
  const third = bootTwin(world, first, new Map(first.disk))
  assert.equal(third.spec.id, first.spec.id)
  world.until('three are told', () => clonesAt(others[0]!, first).length === 3, 10 * minuteMs)
  assert.equal(new Set([first, twin, third].map(cloneOf)).size, 3)
  for (const gone of [twin, third]) sendAway(all, cloneOf(gone))
  world.until('both have ended', () => twin.core === null && third.core === null, 5 * minuteMs)
  assert.notEqual(first.core, null)
  assert.deepEqual(clonesAt(others[0]!, first), [])
})

for (const left of ['the first', 'the second'] as const) {
  test(`once one of them is switched off the pool is whole again: ${left} goes on`, () => {
    const { world, boards, first, twin, others } = withTwin()
    world.run(minuteMs / 2)
    if (left === 'the first') removeTwin(world, twin)
    else world.powerCut(first)
    const whole = left === 'the first' ? boards : [...others, twin]
    world.until('all are alive, and have the same documents', () => allAlive(whole) && areEqual(whole), 15 * minuteMs)
  })
}
