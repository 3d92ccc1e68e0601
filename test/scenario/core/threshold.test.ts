// Admin changes that several sign, on simulated boards: through the real command line, across a cut, and with the pre-shared key.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { join } from 'node:path'

import { readPsks } from '../../../cli/fleet/psk-file.ts'
import { fleetDocId, hex } from '../../../crdt/ids.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { validPsks } from '../../../node/core/psk.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { boot, certifiedWorld, fleet } from '../../support/certified.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { testSigner } from '../../support/crypto.ts'
import { allAlive, operatorSeed } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

const first = 'ab'.repeat(32)
const [two, three, four] = [testSigner(2).id, testSigner(3).id, testSigner(4).id]

interface Stage {
  readonly world: World
  readonly boards: readonly Board[]
  /** A command of the key with that seed, at that board. */
  readonly run: (
    seed: number,
    at: Board,
    ...words: string[]
  ) => Promise<{ readonly exitCode: number; readonly id: string; readonly text: string }>
  readonly cliOf: (seed: number) => Promise<TestCli>
}

/** Four boards; keys 1 (founder), 2 and 3 are admins, and two of them sign. */
async function stage(): Promise<Stage> {
  const world = certifiedWorld(Array.from({ length: 4 }, () => ({ psk: Buffer.from(first, 'hex') })))
  const boards = [...world.boards.values()]
  boot(world, boards)
  const clis = new Map<number, TestCli>()
  let asked = boards[0]!
  const cliOf = async (seed: number): Promise<TestCli> => {
    const cli = clis.get(seed) ?? (await cliOnWorld(world, () => asked, seed, fleet))
    if (!clis.has(seed)) open.push(cli)
    clis.set(seed, cli)
    return cli
  }
  const run: Stage['run'] = async (seed, at, ...words) => {
    asked = at
    const { exitCode, stdout, stderr } = await (await cliOf(seed)).run(words)
    world.run(10_000)
    return { exitCode, id: /: ([0-9a-f]{16})\n/.exec(stdout)?.[1] ?? '', text: stdout + stderr }
  }
  const [at] = boards
  for (const key of [two, three])
    assert.equal((await run(operatorSeed, at!, 'fleet', 'operator', 'add', key, '--role', 'admin')).exitCode, 0)
  const { exitCode, id } = await run(operatorSeed, at!, 'fleet', 'threshold', 'set', '2')
  assert.equal(exitCode, 4)
  assert.equal((await run(2, boards[1]!, 'fleet', 'approve', id)).exitCode, 0)
  for (const board of boards) assert.equal(rightsAt(board).threshold, 2)
  return { world, boards, run, cliOf }
}

const rightsAt = (board: Board) => fleetRights(board.core!.state!.docs.get(fleetDocId)!)
const isAdminAt = (board: Board, key: string): boolean => [...rightsAt(board).now].some(([id, { role }]) => id === key && role === 'admin')

test('two sides of a cut: each proposes and approves, nothing is in effect before both meet and somebody signs last', async () => {
  const { world, boards, run } = await stage()
  const { id } = await run(operatorSeed, boards[0]!, 'fleet', 'operator', 'add', four, '--role', 'admin')
  world.split(boards.slice(0, 2), boards.slice(2))
  world.run(10_000)
  // Key 3 proposes on the far side that key 2 goes; key 2 signs the first proposal on the near side.
  const far = await run(3, boards[2]!, 'fleet', 'operator', 'revoke', two, '--threshold', '2')
  assert.equal(far.exitCode, 4, far.text)
  assert.equal((await run(2, boards[1]!, 'fleet', 'approve', id)).exitCode, 0)
  assert.deepEqual(
    boards.map((board) => isAdminAt(board, four)),
    [true, true, false, false],
  )
  world.heal()
  world.until('all see each other', () => allAlive([...boards]), 60_000)
  world.run(60_000)
  for (const board of boards) {
    assert.deepEqual(
      [two, three, four].map((key) => isAdminAt(board, key)),
      [true, true, true],
    )
    assert.deepEqual(rightsAt(board).voided, rightsAt(boards[0]!).voided)
  }
  assert.equal((await run(operatorSeed, boards[3]!, 'fleet', 'approve', far.id)).exitCode, 0)
  for (const board of boards) assert.equal(isAdminAt(board, two), false)
})

test('the pre-shared key: boards open and close none before two have signed, then whoever proposed it hands it out', async () => {
  const { boards, run, cliOf } = await stage()
  const pskFile = join((await cliOf(operatorSeed)).dir, 'psk')
  const ringsAre = (count: number): void => {
    for (const board of boards) assert.equal(validPsks(board.core!.state!).length, count)
  }
  const rotate = await run(operatorSeed, boards[0]!, 'fleet', 'psk', 'rotate')
  assert.equal(rotate.exitCode, 4)
  ringsAre(1)
  assert.match((await run(2, boards[1]!, 'fleet', 'approve', rotate.id)).text, /^in effect: .*next: .*shoal fleet psk rotate\n/s)
  assert.equal((await run(operatorSeed, boards[0]!, 'fleet', 'psk', 'rotate')).exitCode, 0)
  ringsAre(2)
  const fresh = (await readPsks(pskFile)).map(hex)[0]!
  const finish = await run(operatorSeed, boards[0]!, 'fleet', 'psk', 'finish')
  assert.equal(finish.exitCode, 4)
  ringsAre(2)
  assert.equal((await run(3, boards[3]!, 'fleet', 'approve', finish.id)).exitCode, 0)
  for (const board of boards) assert.deepEqual(validPsks(board.core!.state!).map(hex), [fresh])
})
