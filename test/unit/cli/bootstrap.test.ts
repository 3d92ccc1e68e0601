// `fleet bootstrap`: what is typed becomes one spelling, what no board could dial is refused, and boards are told.

import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { allAlive, createWorld } from '../../support/world.ts'
import type { World } from '../../../simulator/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

async function fleetOfTwo(seed?: number): Promise<{ world: World; cli: TestCli }> {
  const world = createWorld(2)
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('they see each other', () => allAlive(boards), 10_000)
  const cli = await cliOnWorld(world, () => boards[0]!, seed)
  open.push(cli)
  return { world, cli }
}

async function ok(cli: TestCli, ...argv: string[]): Promise<string> {
  const ran = await cli.run(['fleet', 'bootstrap', ...argv])
  assert.equal(ran.exitCode, 0, `${argv.join(' ')}: ${ran.stderr}`)
  return ran.stdout
}

test('addresses and names are added and removed one by one, in one spelling; each board is told once', async () => {
  const { world, cli } = await fleetOfTwo()
  const told: string[] = []
  world.watch = (board, _event, step) => {
    const effects = step()
    for (const effect of effects)
      if (effect.kind === 'bootstrap') told.push(`${board.spec.name} ${effect.listed.length} ${effect.removed.length}`)
    return effects
  }
  assert.match(await ok(cli, 'show'), /the fleet has no list/)
  await ok(cli, 'add', 'gate.example.org:7420', '/ip4/192.0.2.1/tcp/7420', '[2001:db8::1]:7420')
  world.run(5_000)
  await ok(cli, 'remove', '192.0.2.1:7420')
  world.run(5_000)
  assert.deepEqual(JSON.parse(await ok(cli, 'show', '-o', 'json')), {
    listed: ['/dns4/gate.example.org/tcp/7420', '/ip6/2001:db8::1/tcp/7420'],
    removed: ['/ip4/192.0.2.1/tcp/7420'],
  })
  assert.match(await ok(cli, 'show'), /\/ip4\/192\.0\.2\.1\/tcp\/7420 +removed/)
  assert.deepEqual(told.toSorted(), ['b0 2 1', 'b0 3 0', 'b1 2 1', 'b1 3 0'])
})

test('what no board could dial is refused with words, and nothing is written', async () => {
  const { cli } = await fleetOfTwo()
  for (const address of [
    'nonsense',
    '/ip4/300.1.2.3/tcp/1',
    '/ip4/192.0.2.1/udp/7420',
    'unix:/run/shoal.sock',
    '/ip4/192.0.2.1',
    '192.0.2.1:99999',
  ]) {
    const ran = await cli.run(['fleet', 'bootstrap', 'add', '192.0.2.9:7420', address])
    assert.equal(ran.exitCode, 1, address)
    assert.match(ran.stderr, /E_PEER: .*\nhint: write a multiaddr such as/)
  }
  const many = Array.from({ length: 65 }, (_, index) => `192.0.2.${index}:7420`)
  assert.match((await cli.run(['fleet', 'bootstrap', 'add', ...many])).stderr, /E_USAGE: the list would have 65 addresses/)
  assert.match(await ok(cli, 'show'), /the fleet has no list/)
})

test('only an admin changes it', async () => {
  const { cli } = await fleetOfTwo(2)
  assert.match((await cli.run(['fleet', 'bootstrap', 'add', '192.0.2.9:7420'])).stderr, /E_ROLE/)
})

test('removed in another spelling, an address is tried no more, however it was listed', async () => {
  const { cli } = await fleetOfTwo()
  const peer = '12D3KooWB8DuN9dwP6nvH7dr9jWPydzqXj2sCfxjeMgGDUEQntRW'
  await ok(cli, 'add', `/ip4/192.0.2.1/tcp/7420/p2p/${peer}`, 'Gate.Example.org:7420', '192.0.2.9:7420')
  await ok(cli, 'remove', '192.0.2.1:7420', '/dns4/gate.example.org/tcp/7420')
  const { listed } = JSON.parse(await ok(cli, 'show', '-o', 'json')) as { listed: string[] }
  assert.deepEqual(listed, ['/ip4/192.0.2.9/tcp/7420'])
})
