// Boards set up from one bundle as an operator would: `shoal provision` once, its installer once for each board (into a root of its own, as
// for an SD card), then the installed program is started with the configuration that lies there. Nobody says a further word.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import type { NodeRow } from '../../crdt/api-nodes.ts'
import { Fleet, until } from './support/fleet.ts'
import { loopbacks } from './support/ports.ts'
import { ended, run } from './support/run.ts'

const fleet = new Fleet()
const names = ['shop-08', 'shop-09', 'shop-10']
const running = new Map<string, ChildProcess>()
const bundle = join(fleet.folder, 'boards')
let addresses: readonly string[]

before(async () => {
  addresses = await loopbacks(names.length)
  await fleet.init(addresses.slice(0, 1))
})

after(async () => {
  for (const child of running.values()) {
    child.kill('SIGKILL')
    await ended(child)
  }
  await fleet.stop()
})

const rootOf = (name: string): string => join(fleet.folder, `root-${name}`)
const dataOf = (name: string): string => join(rootOf(name), 'var/lib/shoal')

async function provision(...args: string[]): ReturnType<Fleet['cli']> {
  return await fleet.cli(['provision', '--pool', 'shops', '--join', fleet.joinFile, ...args])
}

async function install(name: string, ...args: string[]): ReturnType<typeof run> {
  const env = { PATH: process.env['PATH'] ?? '', DESTDIR: rootOf(name) }
  return await run('sh', ['-c', 'umask 077; exec sh "$@"', 'sh', join(bundle, 'install.sh'), ...args], { env })
}

function start(name: string, env: Readonly<Record<string, string>> = {}): void {
  const listen = addresses[names.indexOf(name)]!
  mkdirSync(dataOf(name), { recursive: true })
  const child = spawn(join(rootOf(name), 'opt/shoal/shoal'), ['agent', '--config', join(rootOf(name), 'etc/shoal')], {
    stdio: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', SHOAL_NODE: process.execPath, SHOAL_DATA_DIR: dataOf(name), SHOAL_LISTEN: listen, ...env },
  })
  running.set(name, child)
}

async function nodesAt(name: string): Promise<readonly NodeRow[]> {
  const ran = await fleet.cli(['node', 'status', '--peer', `unix:${join(dataOf(name), 'api.sock')}`, '-o', 'json'])
  assert.equal(ran.code, 0, ran.output)
  return (JSON.parse(ran.stdout) as { nodes: readonly NodeRow[] }).nodes
}

test('one bundle, and what each board has of its own: secrets for their owner alone, nothing that only one board may have', async () => {
  const made = await provision('--out', bundle, '--raw-exec', '--label', 'kind=till', '--names', 'shop-{08..10}', '--count', '3')
  assert.equal(made.code, 0, made.output)
  const inOverlay = (path: string): string => join(bundle, 'overlay', path)
  for (const secret of ['etc/shoal/join.json', 'etc/shoal/agent.yaml'])
    assert.equal(statSync(inOverlay(secret)).mode & 0o777, 0o600, secret)
  assert.equal(readlinkSync(inOverlay('etc/systemd/system/multi-user.target.wants/shoal.service')), '../shoal.service')
  assert.match(readFileSync(join(bundle, 'boards/shop-09/board.yaml'), 'utf8'), /^name: shop-09$/m)
  const again = await provision('--out', bundle)
  assert.equal(again.code, 1)
  assert.match(again.output, /E_EXISTS/)
})

test('three boards are installed and join by themselves, each under its own name, with the labels and the pool of all', async () => {
  for (const name of names) {
    const ran = await install(name, '--board', name)
    assert.equal(ran.code, 0, ran.output)
    assert.equal(statSync(join(rootOf(name), 'opt/shoal/shoal')).mode & 0o777, 0o755, 'a command for all, whatever the umask')
    start(name)
  }
  for (const name of names) {
    await until(`${name} sees all`, 120_000, async () => {
      const alive = (await nodesAt(name)).filter(({ liveness }) => liveness === 'alive')
      return alive.length === names.length
    })
  }
  const nodes = await nodesAt(names[0]!)
  assert.deepEqual(nodes.map((node) => node.name).toSorted(), names)
  assert.deepEqual(new Set(nodes.map((node) => node.pool)), new Set(['shops']))
  const ran = await fleet.cli(['node', 'status', 'shop-09', '--peer', `unix:${join(dataOf('shop-10'), 'api.sock')}`, '-o', 'json'])
  assert.match(ran.stdout, /"kind": "till"/)
})

test('installed again, the program is a new one and the board the same; systemd hears when it is up and when it ends', async () => {
  const [name = ''] = names
  const before = (await nodesAt(name)).map(({ id }) => id).toSorted()
  const child = running.get(name)!
  child.kill('SIGTERM')
  assert.equal(await ended(child), 0)
  const program = join(rootOf(name), 'opt/shoal')
  writeFileSync(join(program, 'left-over'), 'of the version before')
  const bounds = join(rootOf(name), 'etc/systemd/system/shoal.service.d/containers-only.conf')
  mkdirSync(dirname(bounds), { recursive: true })
  writeFileSync(bounds, 'of a bundle for containers only')
  const ran = await install(name)
  assert.equal(ran.code, 0, ran.output)
  assert.throws(() => statSync(join(program, 'left-over')))
  assert.throws(() => statSync(bounds), 'plain processes are not bound with the agent')
  const socket = join(fleet.folder, 'notify')
  const heard = listener(socket)
  await until('somebody listens', 30_000, async () => statSync(socket).isSocket())
  start(name, { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '600000' })
  await until('told that it is up, and that it lives', 60_000, async () => /READY=1[^]*WATCHDOG=1/.test(heard.text))
  assert.deepEqual((await nodesAt(name)).map(({ id }) => id).toSorted(), before, 'the key that it made at its first start')
  assert.match(readFileSync(join(rootOf(name), 'etc/shoal/board.yaml'), 'utf8'), /shop-08/, 'its own settings stay')
  running.get(name)!.kill('SIGTERM')
  await until('told that it ends', 60_000, async () => heard.text.includes('STOPPING=1'))
  heard.child.kill()
})

test('what cannot be: said with a code, and nothing is written', async () => {
  const faults: readonly (readonly [readonly string[], RegExp])[] = [
    [['--names', 'shop-{9..1}'], /E_NAMES: 'shop-\{9\.\.1\}' goes from 9 down to 1/],
    [['--names', 'Shop'], /E_NAMES/],
    [['--names', 'shop-{1..3}', '--count', '4'], /E_NAMES: --names shop-\{1\.\.3\} are 3 names, and --count is 4/],
    [['--names', 'shop-{1..20000}'], /E_NAMES: .* more than 10000/],
    [['--peer', 'unix:/run/x'], /E_PEER/],
    [['--program', fleet.folder], /E_PROGRAM/],
    [['--label', 'kind'], /E_USAGE/],
    [['--form', 'rpm'], /E_USAGE.*cloud-init, ansible, deb, compose, or all/],
  ]
  const out = join(fleet.folder, 'never')
  for (const [args, words] of faults) {
    const ran = await provision('--out', out, ...args)
    assert.equal(ran.code, 1, args.join(' '))
    assert.match(ran.output, words)
    assert.throws(() => statSync(out))
  }
  const strange = join(fleet.folder, 'strange.json')
  writeFileSync(strange, '{"fleet": 1}')
  const ran = await fleet.cli(['provision', '--pool', 'shops', '--join', strange, '--out', out])
  assert.match(ran.output, /E_JOIN_FORMAT/)
  const unknown = await install('nobody', '--board', 'nobody')
  assert.equal(unknown.code, 1)
  assert.match(unknown.output, /there is no board 'nobody'/)
})

/** Node has no datagram sockets of the file system. */
function listener(path: string): { readonly child: ChildProcess; readonly text: string } {
  const script = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode(), flush=True)`
  const child = spawn('python3', ['-c', script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const heard = { child, text: '' }
  child.stdout.on('data', (data: Buffer) => (heard.text += data.toString()))
  return heard
}
