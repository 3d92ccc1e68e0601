// Tokens, and who waits: the real commands against simulated boards of a certified fleet.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'

import type { JoinFile } from '../../../cli/fleet/fleet-files.ts'
import { fleetDocId } from '../../../crdt/ids.ts'
import { keyPairFromSeed } from '../../../node/adapters/key-pair.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import type { Board, World } from '../../../simulator/world.ts'
import {
  boot,
  certifiedWorld,
  firstToken,
  fleet,
  standingOf,
  state,
  stated,
  tokenId,
  type CertifiedBoard,
} from '../../support/certified.ts'
import type { CliRun, TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { operatorSeed } from '../../support/world.ts'
import { testSigner } from '../../support/crypto.ts'
import { answer } from '../../support/pool.ts'
import { allAlive, createWorld, runJob, jobSpec } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

async function cliOf(world: World, board: Board, seed = operatorSeed, of: string = fleet): Promise<TestCli> {
  const cli = await cliOnWorld(world, () => board, seed, of)
  open.push(cli)
  return cli
}

/** The first two are members; the others have just been switched on. */
async function withStrangers(...strangers: readonly CertifiedBoard[]): Promise<{ world: World; boards: Board[]; cli: TestCli }> {
  const world = certifiedWorld([{}, {}, ...strangers])
  const boards = [...world.boards.values()]
  boot(world, boards.slice(0, 2))
  for (const board of boards.slice(2)) world.boot(board)
  world.run(15_000)
  return { world, boards, cli: await cliOf(world, boards[1]!) }
}

async function ok(cli: TestCli, ...argv: string[]): Promise<CliRun> {
  const ran = await cli.run(argv)
  assert.equal(ran.exitCode, 0, `${argv.join(' ')}: ${ran.stderr}`)
  return ran
}

async function fails(cli: TestCli, words: RegExp, ...argv: string[]): Promise<void> {
  const ran = await cli.run(argv)
  assert.equal(ran.exitCode, 1, argv.join(' '))
  assert.match(ran.stderr, words)
}

const codeAt = (world: World, board: Board): string => answer(world, board, 'status', { method: 'status' }).waits!.code

test('pending, admit by code, by name and by id, and reject', async () => {
  const { world, boards, cli } = await withStrangers({ token: null }, { token: null }, { token: null }, { token: null })
  const [, , a, b, c, d] = boards
  const { stdout } = await ok(cli, 'node', 'pending')
  for (const board of [a!, b!, c!, d!])
    assert.match(stdout, new RegExp(`${board.spec.name} +${codeAt(world, board)} +default +arm64, 4000 MHz`))
  await ok(cli, 'node', 'admit', codeAt(world, a!))
  await ok(cli, 'node', 'admit', 'b3')
  await ok(cli, 'node', 'admit', c!.spec.id.slice(8, 16))
  assert.match((await ok(cli, 'node', 'reject', 'b5')).stdout, /^node b5 is rejected\n/)
  world.run(10_000)
  for (const board of [a!, b!, c!]) assert.equal(standingOf(boards[0]!, board), 'member')
  assert.equal(standingOf(boards[0]!, d!), 'evicted')
  assert.equal((await ok(cli, 'node', 'pending')).stdout, 'nobody waits\n')
  await fails(cli, /E_NODE_UNKNOWN.*'b2' waits to be admitted\nhint: .*node evict/, 'node', 'reject', 'b2')
  await fails(cli, /E_NODE_UNKNOWN/, 'node', 'admit', 'nobody')
  // Once sent away, it is an operator's word that brings it back.
  await ok(cli, 'node', 'admit', d!.spec.id)
  world.run(30_000)
  assert.equal(standingOf(boards[0]!, d!), 'member')
})

test('two boards that say the same name: the code tells them apart; an operator of another pool admits nobody here', async () => {
  const { world, boards, cli } = await withStrangers({ token: null }, { token: null })
  boards[3]!.spec = { ...boards[3]!.spec, name: 'b2' }
  world.kill(boards[3]!)
  world.boot(boards[3]!)
  world.run(25_000)
  await fails(cli, /E_AMBIGUOUS.*'b2' fits 2 boards/, 'node', 'admit', 'b2')
  const bob = testSigner(2).operator
  state(
    world,
    boards[0]!,
    new Map<string, string | boolean>([
      [fleetPaths.role(bob), 'operator'],
      [fleetPaths.pools(bob, 'depot'), true],
      [fleetPaths.jobs(bob, '*/*'), true],
    ]),
  )
  world.run(2_000)
  await fails(await cliOf(world, boards[1]!, 2), /E_ROLE/, 'node', 'admit', codeAt(world, boards[2]!))
  assert.equal(standingOf(boards[0]!, boards[2]!), null)
})

test('a stranger that calls itself by the code of another board, or by the name of one that is away, is not admitted for it', async () => {
  const { world, boards, cli } = await withStrangers({ token: null })
  const [b0, b1, thief] = boards as [Board, Board, Board]
  const renamed = async (to: string): Promise<void> => {
    thief.spec = { ...thief.spec, name: to }
    world.kill(thief)
    world.boot(thief)
    world.run(25_000)
    assert.match((await ok(cli, 'node', 'pending')).stdout, new RegExp(to))
  }
  await renamed('aaaa-bbbb-cccc')
  await fails(cli, /E_NODE_UNKNOWN/, 'node', 'admit', 'aaaa-bbbb-cccc')
  world.kill(b0)
  await renamed('b0')
  await fails(cli, /E_AMBIGUOUS.*says that it is 'b0'/, 'node', 'admit', 'b0')
  assert.equal(standingOf(b1, thief), null)
})

test('token create writes a join file whose secret is in no document; list counts its boards; revoke keeps those that are named', async () => {
  const { world, boards, cli } = await withStrangers({ token: 51 }, { token: 51 })
  const out = join(cli.dir, 'shop.join.json')
  const made = await ok(
    cli,
    'token',
    'create',
    '--pool',
    'shop',
    '--count',
    '7',
    '--expires',
    '30d',
    '--waiting-room',
    '--name',
    'till',
    '--out',
    out,
  )
  const file = JSON.parse(await readFile(out, 'utf8')) as JoinFile
  const { id } = keyPairFromSeed(Buffer.from(file.tokens!['shop']!, 'hex'))
  assert.match(made.stdout, new RegExp(`token ${id}: 7 boards of pool shop, who show up until 2026-02-01T03:04:05Z, each when`))
  assert.deepEqual([file.format, file.fleet, Object.keys(file.tokens!)], [2, fleet, ['shop']])
  world.run(2_000)
  const shown = [...boards[0]!.core!.state!.docs.get(fleetDocId)!.registers].join(' ')
  assert.equal(shown.includes(id), true)
  assert.equal(shown.includes(file.tokens!['shop']!), false)
  await fails(cli, /E_EXISTS/, 'token', 'create', '--pool', 'shop', '--count', '7', '--out', out)
  await fails(cli, /E_USAGE.*--auto or --waiting-room/, 'token', 'create', '--pool', 'shop', '--count', '7', '--auto', '--waiting-room')
  for (const [path, value] of [
    ['pool', 'default'],
    ['mode', 'auto'],
    ['count', 5],
  ] as const)
    state(world, boards[0]!, new Map([[fleetPaths.token(tokenId(51), path), value]]))
  world.until('both are members', () => allAlive(boards), 20_000)
  const { tokens } = JSON.parse((await ok(cli, 'token', 'list', '-o', 'json')).stdout) as {
    tokens: { id: string; boards: number | null }[]
  }
  const countOf = (seed: number): number | null | undefined => tokens.find((one) => one.id === tokenId(seed))?.boards
  assert.deepEqual([countOf(firstToken), countOf(51), tokens.find((one) => one.id === id)?.boards], [2, 2, null])
  await fails(cli, /E_USAGE: 2 boards came with this token.*/, 'token', 'revoke', tokenId(51))
  await fails(cli, /E_NODE_UNKNOWN.*'b0'/, 'token', 'revoke', tokenId(51), '--keep', 'b0')
  await fails(cli, /E_TOKEN_UNKNOWN/, 'token', 'revoke', 'nothing')
  const revoked = await ok(cli, 'token', 'revoke', tokenId(51).slice(8), '--keep', 'b2')
  assert.match(revoked.stdout, / kept {3}b2\n {2}waits {2}b3\n/)
  world.run(20_000)
  assert.deepEqual(
    boards.map((board) => standingOf(boards[0]!, board)),
    ['member', 'member', 'member', 'token-revoked'],
  )
  assert.match((await ok(cli, 'token', 'list')).stdout, /default +- +revoked +2\/5/)
})

test('a token is rotated: a new one for new boards, the old one revoked, and who is there stays', async () => {
  const { world, boards, cli } = await withStrangers({}, { token: 51 })
  const [b0, b1, late, other] = boards as [Board, Board, Board, Board]
  world.until('the third is a member', () => allAlive([b0, b1, late]), 20_000)
  state(world, b0, stated(51))
  const { stdout } = await ok(cli, 'token', 'revoke', tokenId(firstToken), '--keep-all')
  assert.match(stdout, /kept +b0, b1, b2/)
  world.until('the one with the new token is in', () => allAlive(boards), 30_000)
  world.kill(late)
  world.boot(late)
  world.until('and one that starts anew with the old one’s certificate', () => allAlive(boards), 60_000)
  assert.deepEqual(
    [b0, b1, late, other].map((board) => standingOf(b1, board)),
    ['member', 'member', 'member', 'member'],
  )
})

test('an open fleet is closed: who is there stays, nothing stops, and who comes without a token waits', async () => {
  const world = createWorld(5)
  const boards = [...world.boards.values()]
  const [first, ...rest] = boards.slice(0, 4) as [Board, ...Board[]]
  for (const board of [first, ...rest]) world.boot(board)
  world.until('all see each other', () => allAlive([first, ...rest]), 10_000)
  runJob(world, first, jobSpec({ type: 'system' }))
  world.run(10_000)
  const cli = await cliOf(world, first, operatorSeed, world.board('b0').core!.state!.boot.config.fleet)
  assert.match((await ok(cli, 'fleet', 'close')).stdout, /^the fleet is closed; 4 boards are admitted\n/)
  world.run(5_000)
  world.boot(boards[4]!)
  world.run(120_000)
  for (const board of [first, ...rest]) {
    assert.equal(board.core!.state!.view.nodes.size, 4)
    assert.deepEqual(
      board.trail.map(({ what }) => what),
      ['start'],
    )
    assert.ok(allAlive([first, ...rest]))
  }
  assert.equal(answer(world, boards[4]!, 'status', { method: 'status' }).waits?.reason, 'no-certificate')
  await ok(cli, 'node', 'admit', 'b4')
  world.until('it is in', () => allAlive(boards), 20_000)
})
