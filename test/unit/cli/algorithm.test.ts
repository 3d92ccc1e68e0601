// `fleet algorithm`: an admin chooses where new copies of a pool go, and every board plans by it.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { JobId } from '../../../crdt/ids.ts'
import { bootPool, home, place, slotsOf } from '../../support/pool.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { slot } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

test('copies of one pool are packed until an admin has them spread; what runs stays, and fleet status says what is chosen', async () => {
  const { world, boards } = bootPool(3)
  const cli = await cliOnWorld(world, () => boards[0]!)
  open.push(cli)
  const homesOf = (names: readonly string[]): readonly string[] =>
    names.map((name) => {
      const [slot] = slotsOf(place(world, { name }), 1)
      return home(world, slot!).spec.name
    })
  const packed = homesOf(['one', 'two', 'three'])
  assert.equal(new Set(packed).size, 1, packed.join(' '))
  assert.doesNotMatch((await cli.run(['fleet', 'status'])).stdout, /ALGORITHM/)
  const ran = await cli.run(['fleet', 'algorithm', 'default', 'spread'])
  assert.equal(ran.exitCode, 0, ran.stderr)
  assert.match(ran.stdout, /pool default: new copies go to emptier boards first/)
  world.run(2_000)
  const spread = homesOf(['four', 'five'])
  assert.equal(new Set([...packed, ...spread]).size, 3, spread.join(' '))
  assert.match((await cli.run(['fleet', 'status'])).stdout, /default .* spread/)
  assert.deepEqual(
    ['one', 'two', 'three'].map((name) => home(world, slot(`default/${name}` as JobId)).spec.name),
    packed,
    'what runs stays',
  )
})

test('what is no pool’s name, and no algorithm, is refused', async () => {
  const { world, boards } = bootPool(1)
  const cli = await cliOnWorld(world, () => boards[0]!)
  open.push(cli)
  const pool = await cli.run(['fleet', 'algorithm', 'No Pool', 'spread'])
  assert.deepEqual([pool.exitCode, /E_POOL_NAME.*not a pool name/.test(pool.stderr)], [1, true], pool.stderr)
  const algorithm = await cli.run(['fleet', 'algorithm', 'default', 'pack'])
  assert.deepEqual([algorithm.exitCode, /binpack, spread/.test(algorithm.stderr)], [1, true], algorithm.stderr)
})
