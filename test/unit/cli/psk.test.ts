// `fleet psk` and `fleet join-file`: the real commands against simulated boards. What is on the operator's disk at each moment, and what a
// context that missed the rotation learns.

import assert from 'node:assert/strict'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import type { JoinFile } from '../../../cli/fleet/fleet-files.ts'
import { learnPsks } from '../../../cli/fleet/learn-psks.ts'
import { readPsks } from '../../../cli/fleet/psk-file.ts'
import { toBase64 } from '../../../crdt/base64.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { pskDigest, pskPaths } from '../../../crdt/documents/psk.ts'
import { hex } from '../../../crdt/ids.ts'
import { KeyRing } from '../../../node/adapters/libp2p/key-ring.ts'
import { validPsks } from '../../../node/core/psk.ts'
import type { Board, World } from '../../../simulator/world.ts'
import { boot, certifiedWorld, fleet, state } from '../../support/certified.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { answer } from '../../support/pool.ts'
import { operatorSeed, createWorld, allAlive, crypto } from '../../support/world.ts'

const open: TestCli[] = []
afterEach(async () => {
  for (const cli of open.splice(0)) await cli.close()
})

/** What `cliOnWorld` writes into the context's file. */
const first = 'ab'.repeat(32)

async function members(count: number): Promise<{ world: World; boards: Board[]; cli: TestCli; pskFile: string }> {
  const world = certifiedWorld(Array.from({ length: count }, () => ({ psk: Buffer.from(first, 'hex') })))
  const boards = [...world.boards.values()]
  boot(world, boards)
  const cli = await cliOnWorld(world, () => boards[0]!, operatorSeed, fleet)
  open.push(cli)
  return { world, boards, cli, pskFile: join(cli.dir, 'psk') }
}

async function ok(cli: TestCli, ...argv: string[]): Promise<string> {
  const ran = await cli.run(argv)
  assert.equal(ran.exitCode, 0, `${argv.join(' ')}: ${ran.stderr}`)
  return ran.stdout
}

async function fails(cli: TestCli, words: RegExp, ...argv: string[]): Promise<void> {
  const ran = await cli.run(argv)
  assert.equal(ran.exitCode, 1, argv.join(' '))
  assert.match(ran.stderr, words)
}

const keysIn = async (file: string): Promise<string[]> => (await readPsks(file)).map(hex)
const ringAt = (board: Board): string[] => validPsks(board.core!.state!).map(hex)

test('rotate, status, finish: both keys are valid in between, one afterwards, on boards and in the context', async () => {
  const { world, boards, cli, pskFile } = await members(3)
  assert.match(await ok(cli, 'fleet', 'psk', 'status'), /the key was never rotated/)
  await fails(cli, /E_PSK: no rotation is under way/, 'fleet', 'psk', 'finish')
  assert.match(await ok(cli, 'fleet', 'psk', 'rotate'), /^a new key is: [0-9a-f]{16}; the old one stays valid/)
  world.run(10_000)
  const [fresh, old] = await keysIn(pskFile)
  assert.equal(old, first)
  assert.equal((await stat(pskFile)).mode & 0o777, 0o600)
  for (const board of boards) assert.deepEqual(ringAt(board), [fresh, first])
  const shown = JSON.stringify([...boards[0]!.core!.state!.docs.values()].map(({ registers }) => [...registers]))
  assert.ok(!shown.includes(fresh!) && !shown.includes(toBase64(Buffer.from(fresh!, 'hex'))), 'no document has it')
  assert.match(
    await ok(cli, 'fleet', 'psk', 'status'),
    /a rotation is under way.*\n\nNODE .*\nb0 +default +new +now\nb1 +default +new +now\nb2 /,
  )
  // Again: the same key is handed out, no other one made.
  assert.match(await ok(cli, 'fleet', 'psk', 'rotate'), /handed out again/)
  assert.deepEqual(await keysIn(pskFile), [fresh, first])
  assert.match(await ok(cli, 'fleet', 'psk', 'finish'), /^the old key is closed\n/)
  world.run(10_000)
  assert.deepEqual(await keysIn(pskFile), [fresh])
  for (const board of boards) assert.deepEqual(ringAt(board), [fresh])
  assert.match(await ok(cli, 'fleet', 'psk', 'status'), /no rotation is under way/)
  // And once more, from there.
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(10_000)
  await ok(cli, 'fleet', 'psk', 'finish')
  world.run(10_000)
  const [third, ...none] = await keysIn(pskFile)
  assert.deepEqual([none, ringAt(boards[2]!)], [[], [third]])
  assert.ok(![fresh, first].includes(third))
})

test('finish names boards that lack the key and closes nothing; with --force it does, and an up-to-date join file is their way back', async () => {
  const { world, boards, cli } = await members(3)
  const late = boards[2]!
  world.powerCut(late)
  world.run(60_000)
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(10_000)
  assert.match(await ok(cli, 'fleet', 'psk', 'status'), /b2 +default +old +\d+[ms]/)
  await fails(cli, /E_PSK_BEHIND: 1 boards or pools .*: b2\n/, 'fleet', 'psk', 'finish')
  assert.equal(ringAt(boards[0]!).length, 2)
  assert.match(await ok(cli, 'fleet', 'psk', 'finish', '--force'), /shut out until .*: b2\n/)
  world.run(10_000)
  assert.deepEqual(ringAt(boards[0]!).length, 1)
})

test('a command that was broken off leaves its key apart; the next one takes it up', async () => {
  const { world, cli, pskFile } = await members(1)
  const made = 'cd'.repeat(32)
  await writeFile(`${pskFile}.next`, `${made}\n`, { mode: 0o600 })
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(5_000)
  assert.deepEqual(await keysIn(pskFile), [made, first])
  await assert.rejects(stat(`${pskFile}.next`))
})

test('a key that was made and is closed meanwhile is not taken up: another is made', async () => {
  const { world, boards, cli, pskFile } = await members(1)
  const given = 'cd'.repeat(32)
  state(world, boards[0]!, new Map([[pskPaths.closed(pskDigest(crypto, fleet, Buffer.from(given, 'hex'))), 1]]))
  await writeFile(`${pskFile}.next`, `${given}\n`, { mode: 0o600 })
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(5_000)
  const keys = await keysIn(pskFile)
  assert.ok(keys.length === 2 && !keys.includes(given))
  assert.deepEqual(ringAt(boards[0]!), keys)
})

test('a key that was named and got lost before any board had it holds up nothing: rotate makes another', async () => {
  const { world, boards, cli, pskFile } = await members(2)
  const names = [first, 'ef'.repeat(32)].map((key) => pskPaths.opened(pskDigest(crypto, fleet, Buffer.from(key, 'hex'))))
  state(world, boards[0]!, new Map(names.map((path, index) => [path, index + 1])))
  world.run(10_000)
  await fails(cli, /E_PSK: a rotation is under way, and this context does not have its key/, 'fleet', 'psk', 'finish')
  assert.match(await ok(cli, 'fleet', 'psk', 'rotate'), /^a new key is/)
  world.run(10_000)
  const [fresh] = await keysIn(pskFile)
  // A context that lacks a key which boards have makes no other one.
  await writeFile(pskFile, `${first}\n`)
  await fails(cli, /E_PSK: a rotation is under way/, 'fleet', 'psk', 'rotate')
  await writeFile(pskFile, `${fresh}\n${first}\n`)
  await ok(cli, 'fleet', 'psk', 'finish')
  world.run(5_000)
  for (const board of boards) assert.deepEqual(ringAt(board), [fresh])
})

test('finish closes nothing if another rotation began while boards were asked', async () => {
  const { world, boards, cli } = await members(2)
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(10_000)
  const ask = world.ask.bind(world)
  world.ask = (board, request, ...more) => {
    const other = pskDigest(crypto, fleet, new Uint8Array(32).fill(9))
    if (request.method === 'node.list') state(world, boards[0]!, new Map([[pskPaths.opened(other), 3]]))
    return ask(board, request, ...more)
  }
  await fails(cli, /E_PSK: another rotation began just now/, 'fleet', 'psk', 'finish')
  for (const board of boards) assert.equal(ringAt(board).length, 2)
})

test('no join file is made with a key that is closed: a context that missed the rotation is told so', async () => {
  const { world, boards, cli, pskFile } = await members(2)
  const { envelopes } = answer(world, boards[0]!, 'doc', { method: 'doc.get', doc: 'fleet' })
  const file = join(cli.dir, 'old.join.json')
  const old = JSON.stringify({ format: 2, fleet, name: 'home', psk: first, envelopes, bootstrap: [], tokens: {} })
  await writeFile(file, old)
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(5_000)
  await ok(cli, 'fleet', 'psk', 'finish')
  await writeFile(pskFile, `${first}\n`)
  const none = /E_PSK: context 'test' has no pre-shared key that is still valid/
  await fails(cli, none, 'fleet', 'join-file', file)
  await fails(cli, none, 'token', 'create', '--pool', 'default', '--count', '1', '--out', join(cli.dir, 'new.json'))
  assert.equal(await readFile(file, 'utf8'), old)
})

test('a CLI that knows of one key finds in the context the one that boards meet it with', async () => {
  const { cli, pskFile } = await members(1)
  await ok(cli, 'fleet', 'psk', 'rotate')
  const last = (await readFile(pskFile, 'utf8')).trim().split('\n').at(-1)!
  const ring = new KeyRing(await readPsks(pskFile))
  assert.equal(last, hex(ring.keyFor(Buffer.alloc(24, 0x5a))))
})

test('an open fleet is not rotated, and nobody but an admin rotates', async () => {
  const world = createWorld(1)
  const boards = [...world.boards.values()]
  world.bootAll()
  world.until('it is there', () => allAlive(boards), 10_000)
  const cli = await cliOnWorld(world, () => boards[0]!)
  const other = await cliOnWorld(world, () => boards[0]!, 2)
  open.push(cli, other)
  await fails(cli, /E_PSK: the fleet is open.*\nhint: close it first/, 'fleet', 'psk', 'rotate')
  await fails(other, /E_ROLE/, 'fleet', 'psk', 'rotate')
  assert.deepEqual(await keysIn(join(cli.dir, 'psk')), [first])
})

test('a context that missed a rotation takes from a board what admins have named, and nothing else', async () => {
  const { world, boards, cli, pskFile } = await members(2)
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(10_000)
  const [fresh] = await keysIn(pskFile)
  const late = join(cli.dir, 'late')
  const learn = async (told: readonly string[]): Promise<string[]> => {
    await writeFile(late, `${first}\n`)
    await chmod(late, 0o600)
    const context = { name: 'late', fleet, pskFile: late, keyFile: '', peers: [], pool: null }
    const client = {
      peer: 'b0',
      close: async () => undefined,
      async *request(body: Uint8Array) {
        const request = JSON.parse(new TextDecoder().decode(body)) as { method: string }
        const reply =
          request.method === 'psk.get'
            ? { kind: 'psk', keys: told.map((key) => toBase64(Buffer.from(key, 'hex'))) }
            : world.ask(boards[0]!, request as never).replies[0]
        yield new TextEncoder().encode(JSON.stringify(reply))
      },
    }
    await learnPsks(crypto, client, context, [Buffer.from(first, 'hex')])
    return await keysIn(late)
  }
  assert.deepEqual(await learn([fresh!, first]), [fresh, first])
  assert.deepEqual(await learn(['ef'.repeat(32)]), [first], 'a board cannot shut a context out')
  await ok(cli, 'fleet', 'psk', 'finish')
  world.run(5_000)
  assert.deepEqual(await learn([fresh!]), [fresh])
})

test('join-file: the newest key, the list of now and the fleet document of now; tokens stay the file’s', async () => {
  const { world, boards, cli, pskFile } = await members(2)
  const file = join(cli.dir, 'old.join.json')
  const { envelopes } = answer(world, boards[0]!, 'doc', { method: 'doc.get', doc: 'fleet' })
  const bootstrap = ['/ip4/192.0.2.1/tcp/7420', '/ip4/192.0.2.2/tcp/7420']
  const tokens = { default: '11'.repeat(32) }
  await writeFile(file, JSON.stringify({ format: 2, fleet, name: 'home', psk: first, envelopes, bootstrap, tokens }))
  await ok(cli, 'fleet', 'bootstrap', 'add', 'gate.example.org:7420')
  await ok(cli, 'fleet', 'bootstrap', 'remove', bootstrap[0]!)
  await ok(cli, 'fleet', 'psk', 'rotate')
  world.run(5_000)
  assert.match(await ok(cli, 'fleet', 'join-file', file), /is up to date/)
  const made = JSON.parse(await readFile(file, 'utf8')) as JoinFile
  assert.deepEqual(made.bootstrap, ['/ip4/192.0.2.2/tcp/7420', '/dns4/gate.example.org/tcp/7420'])
  assert.deepEqual([made.psk, made.tokens, (await stat(file)).mode & 0o777], [(await keysIn(pskFile))[0], tokens, 0o600])
  assert.ok(made.envelopes.length > envelopes.length)
  assert.deepEqual(made.envelopes[0], envelopes[0])
  state(world, boards[0]!, new Map([[fleetPaths.name, 'another']]))
  await writeFile(file, JSON.stringify({ ...made, fleet: '00'.repeat(32) }))
  await fails(cli, /E_CONTEXT: context 'test' is of another fleet/, 'fleet', 'join-file', file)
})
