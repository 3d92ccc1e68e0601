// Boards set up in the forms that Debian has for it, each on a throw-away board that systemd runs: the package (installed, upgraded under a
// running task, removed, purged), user-data for cloud-init, the Ansible role. Each joins with no further word.

import assert from 'node:assert/strict'
import { appendFileSync, cpSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'
import { parse } from 'yaml'
import { DebianBoard } from './support/debian-board.ts'
import { type Agent, Fleet, aliveOn, ask, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopback } from './support/ports.ts'
import { programFolder } from './support/program.ts'
import { type Ran, run } from './support/run.ts'

const joinMsMax = 120_000
/** Its network is this machine's, what looks at hardware at boot has not run, and of its many modules these are ours, in one stage for speed. */
const seedOnly = `datasource_list: [NoCloud]
network: { config: disabled }
warnings: { dsid_missing_source: off }
cloud_init_modules: [write-files, runcmd, scripts-user]
`
/** Anything of shoal on a board. */
const leftOver = 'find /etc /opt /usr /var/lib /run -name "*shoal*" -not -path "/var/lib/shoal-*" 2>/dev/null || true'
const fleet = new Fleet()
const boards: DebianBoard[] = []
let first: Agent

before(async () => {
  const listen = await loopback()
  await fleet.init([listen], ['shops'])
  first = fleet.start('first', { listen, pool: 'shops' })
})

after(async () => {
  for (const board of boards) board.dispose()
  await fleet.stop()
})

async function provision(out: string, ...args: readonly string[]): Promise<string> {
  const folder = join(fleet.folder, out)
  // Boards of a test share one network: each takes a port that is free.
  const all = ['provision', '--pool', 'shops', '--join', fleet.joinFile, '--listen', '/ip4/127.0.0.1/tcp/0', '--out', folder, ...args]
  const made = await fleet.cli(all)
  assert.equal(made.code, 0, made.output)
  return folder
}

async function boot(name: string, prepare: (board: DebianBoard) => Promise<void> = async () => {}): Promise<DebianBoard> {
  const board = new DebianBoard(name)
  boards.push(board)
  await prepare(board)
  await board.boot()
  return board
}

async function must(board: DebianBoard, ...command: readonly [string, ...string[]]): Promise<string> {
  const ran: Ran = await board.run(...command)
  assert.equal(ran.code, 0, `${command.join(' ')}: ${ran.output}`)
  return ran.stdout.trim()
}

async function joins(board: DebianBoard): Promise<void> {
  await until(`${board.name} is a member`, joinMsMax, async () => (await aliveOn(first)).includes(board.name)).catch(
    async (error: unknown) => {
      throw new Error((await board.run('journalctl', '--no-pager', '--unit=shoal')).output.slice(-4_000), { cause: error })
    },
  )
}

async function stateOf(board: DebianBoard, property: string): Promise<string> {
  return await must(board, 'systemctl', 'show', '--property', property, '--value', 'shoal.service')
}

test('user-data: cloud-init takes it as it is, and the board joins under its host name, bound since it runs containers only', async () => {
  const bundle = await provision('plain', '--form', 'cloud-init,ansible', '--names', 'shop-{08..10}')
  const seed = join(bundle, 'cloud-init/user-data')
  assert.equal(statSync(seed).mode & 0o777, 0o600)
  const valid = await run('cloud-init', ['schema', '--config-file', seed])
  assert.equal(valid.code, 0, valid.output)
  const board = await boot('shop-08')
  const place = board.path('var/lib/cloud/seed/nocloud')
  mkdirSync(place, { recursive: true })
  cpSync(seed, join(place, 'user-data'))
  cpSync(join(bundle, 'boards/shop-08/meta-data'), join(place, 'meta-data'))
  writeFileSync(board.path('etc/cloud/cloud.cfg.d/99-test.cfg'), seedOnly)
  await must(board, 'cloud-init', 'init')
  await joins(board)
  assert.match(await must(board, 'cat', '/etc/shoal/board.yaml'), /^name: shop-08$/m, 'what boards/ has for the host of that name')
  assert.equal(await stateOf(board, 'MemoryMax'), String(512 * 1024 * 1024))
  assert.equal(await stateOf(board, 'Type'), 'notify')
  assert.equal(await must(board, 'systemctl', 'is-enabled', 'shoal.service'), 'enabled')
  assert.equal(await must(board, 'stat', '--format=%a', '/etc/shoal', '/etc/shoal/join.json', '/var/lib/shoal'), '700\n600\n700')
  assert.equal(await must(board, 'sh', '-c', 'ls /run | grep -c shoal-bundle || true'), '0', 'no copy of the secrets is left')
})

test('an image that was set up before its first boot: systemd starts the agent, again when it was killed, and not when it has left; then it is uninstalled', async () => {
  const board = await boot('burnt', async ({ root }) => {
    const ran = await run('sh', [join(fleet.folder, 'plain/install.sh'), '--board', 'shop-10'], { env: { DESTDIR: root } })
    assert.equal(ran.code, 0, ran.output)
  })
  const isMember = async (): Promise<boolean> => (await aliveOn(first)).includes('shop-10')
  await until('shop-10 is a member', joinMsMax, isMember)
  const killed = await stateOf(board, 'MainPID')
  await must(board, 'kill', '-KILL', killed)
  await until('another one is up', joinMsMax, async () => {
    const [pid, state] = [await stateOf(board, 'MainPID'), await stateOf(board, 'ActiveState')]
    return state === 'active' && pid !== killed && (await isMember())
  })
  // It leaves for good: systemd starts it once more, hears that it is not to, and uninstalled nothing is left of it.
  const peer = ['--peer', `unix:${first.socket}`, '--pool', 'shops']
  const left = await fleet.cli(['node', 'leave', 'shop-10', ...peer])
  assert.equal(left.code, 0, left.output)
  await until('systemd gives it up', joinMsMax, async () => (await stateOf(board, 'ActiveState')) === 'failed')
  assert.equal(await stateOf(board, 'ExecMainStatus'), '69')
  await must(board, 'sh', '/opt/shoal/uninstall.sh', '--purge')
  assert.equal(await must(board, 'sh', '-c', leftOver), '')
})

test('the role: names and labels from the inventory, and run again it changes nothing', async () => {
  const bundle = join(fleet.folder, 'plain')
  const example = parse((await run('cat', [join(bundle, 'ansible/inventory.example.yml')])).stdout) as { boards: { hosts: object } }
  assert.deepEqual(Object.keys(example.boards.hosts), ['shop-08', 'shop-09', 'shop-10'])
  const board = await boot('bare')
  cpSync(bundle, board.path('opt/bundle'), { recursive: true })
  const inventory = { boards: { hosts: { 'shop-09': { ansible_connection: 'local', shoal_labels: { kind: 'till' } } } } }
  writeFileSync(board.path('opt/bundle/ansible/inventory.yml'), JSON.stringify(inventory))
  const play = async (): Promise<string> =>
    await must(board, 'sh', '-c', 'cd /opt/bundle/ansible && HOME=/root LC_ALL=C.UTF-8 ansible-playbook site.yml')
  assert.match(await play(), /failed=0/)
  await until('shop-09 is a member', joinMsMax, async () => (await aliveOn(first)).includes('shop-09'))
  const { nodes } = await ask(first, 'nodes', { method: 'node.list' })
  const { node } = await ask(first, 'node', { method: 'node.status', node: nodes.find(({ name }) => name === 'shop-09')!.id })
  assert.equal(node.labels['kind'], 'till')
  assert.equal(await must(board, 'stat', '--format=%a', '/var/lib/shoal-bundle'), '700')
  const pid = await stateOf(board, 'MainPID')
  assert.match(await play(), /changed=0 .*failed=0/)
  assert.equal(await stateOf(board, 'MainPID'), pid)
})

test('the package: installed, upgraded under a running process, removed, installed again as the same board, purged without a trace', async () => {
  const board = await boot('packaged')
  const older = await packageOf('older')
  await must(board, 'dpkg', '--install', carried(board, older))
  await joins(board)
  assert.equal(await must(board, 'systemctl', 'is-enabled', 'shoal.service'), 'enabled')
  assert.equal(await must(board, 'stat', '--format=%a', '/etc/shoal', '/etc/shoal/join.json', '/opt/shoal/shoal'), '700\n600\n755')
  assert.equal(await must(board, 'dpkg', '--verify', 'shoal'), '')
  assert.match(await must(board, 'shoal', 'version'), /^shoal \d/)
  const ran = await fleet.runJob(first, job('till', { pool: 'shops', group: { constraints: [on('packaged')] } }))
  assert.equal(ran.code, 0, ran.output)
  const task = await must(board, 'pgrep', '--full', '--exact', 'sleep 1000000')
  const agent = await stateOf(board, 'MainPID')
  const id = await idOf('packaged')

  await must(board, 'dpkg', '--install', carried(board, await packageOf('newer', 'a newer program')))
  assert.notEqual(await stateOf(board, 'MainPID'), agent, 'the agent is a new one')
  assert.equal(await must(board, 'tail', '-n', '1', '/opt/shoal/shoal.mjs'), '// a newer program')
  await until('the new agent knows its task', joinMsMax, async () => /healthy/.test(await must(board, 'shoal', 'alloc', 'status', ...here)))
  assert.equal(await must(board, 'pgrep', '--full', '--exact', 'sleep 1000000'), task, 'the process has not noticed')

  await must(board, 'dpkg', '--remove', 'shoal')
  assert.equal((await board.run('systemctl', 'is-active', 'shoal.service')).stdout.trim(), 'inactive')
  assert.equal(await must(board, 'pgrep', '--full', '--exact', 'sleep 1000000'), task, 'removing the agent ends no task')
  await must(board, 'dpkg', '--install', carried(board, older))
  await until('it is the same board', joinMsMax, async () => (await idOf('packaged')) === id && (await aliveOn(first)).includes('packaged'))
  assert.equal(await must(board, 'pgrep', '--full', '--exact', 'sleep 1000000'), task)

  writeFileSync(board.path('usr/local/bin/docker'), engineOfTwo, { mode: 0o755 })
  await must(board, 'dpkg', '--purge', 'shoal')
  assert.equal(
    await must(board, 'cat', '/var/tmp/asked'),
    `ps --all --quiet --filter label=shoal.node=${id}\nrm --force one two`,
    'its containers',
  )
  assert.equal((await board.run('pgrep', '--full', '--exact', 'sleep 1000000')).stdout, '', 'no task')
  assert.equal((await board.run('dpkg', '--status', 'shoal')).code, 1)
  assert.equal(await must(board, 'sh', '-c', leftOver), '')
})

test('a package for each architecture has its own LevelDB, asks for the libraries that that one needs, and none is for others to read', async () => {
  const machines: Readonly<Record<string, RegExp>> = { amd64: /X86-64/, arm64: /AArch64/, armhf: /ARM[^]*hard-float ABI/ }
  const folder = join(fleet.folder, 'older/deb')
  const packages = readdirSync(folder)
  assert.equal(packages.length, Object.keys(machines).length)
  for (const [architecture, machine] of Object.entries(machines)) {
    const file = join(folder, packages.find((name) => name.endsWith(`_${architecture}.deb`)) ?? '')
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.equal((await run('dpkg-deb', ['--field', file, 'Architecture'])).stdout.trim(), architecture)
    const unpacked = join(fleet.folder, `unpacked-${architecture}`)
    assert.equal((await run('dpkg-deb', ['--extract', file, unpacked])).code, 0)
    const prebuilds = join(unpacked, 'opt/shoal/prebuilds')
    const natives = readdirSync(prebuilds, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.node'))
    assert.ok(natives.length > 0)
    for (const native of natives) assert.match((await run('readelf', ['--file-header', join(prebuilds, native)])).stdout, machine, native)
  }
})

/** Notes what it is asked, and has two containers. */
const engineOfTwo = `#!/bin/sh
echo "$@" >>/var/tmp/asked
[ "$1" != ps ] || printf 'one\\ntwo\\n'
`
const here = ['--peer', 'unix:/var/lib/shoal/api.sock'] as const
const on = (name: string): object => ({ attribute: '${node.unique.name}', value: name })

async function idOf(name: string): Promise<string | undefined> {
  return (await ask(first, 'nodes', { method: 'node.list' })).nodes.find((node) => node.name === name)?.id
}

/** This machine's package of a bundle; `mark`: of a program that says so in its last line. */
async function packageOf(out: string, mark?: string): Promise<string> {
  const program = join(fleet.folder, `program-${out}`)
  cpSync(programFolder, program, { recursive: true })
  if (mark !== undefined) {
    appendFileSync(join(program, 'shoal.mjs'), `\n// ${mark}\n`)
    writeFileSync(join(program, 'board/version'), '99.0.0\n')
  }
  const bundle = await provision(out, '--form', 'deb', '--raw-exec', '--program', program)
  const architecture = (await run('dpkg', ['--print-architecture'])).stdout.trim()
  const name = readdirSync(join(bundle, 'deb')).find((file) => file.endsWith(`_${architecture}.deb`))
  assert.ok(name !== undefined, `there is a package for ${architecture}`)
  return join(bundle, 'deb', name)
}

/** Copied onto the board; its path there. */
function carried(board: DebianBoard, file: string): string {
  cpSync(file, board.path(`root/${basename(file)}`))
  return `/root/${basename(file)}`
}
