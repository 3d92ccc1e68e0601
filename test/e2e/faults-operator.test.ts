// What goes wrong at the operator's: a wrong key, a foreign fleet, a peer that is not there, a broken job file, a peer that dies
// half-way. Each has a code, and none hangs.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { spawn } from 'node:child_process'
import { cpSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { type Agent, Fleet, aliveOn, ask, holders, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { freePort, loopbacks } from './support/ports.ts'
import { program } from './support/program.ts'
import { ended, run } from './support/run.ts'

const ours = new Fleet()
const foreign = new Fleet()
let a: Agent
let b: Agent
let stranger: Agent
let addressOfA = ''
let addressOfB = ''
let addressOfStranger = ''

before(async () => {
  ;[addressOfA = '', addressOfB = '', addressOfStranger = ''] = await loopbacks(3)
  await ours.init([addressOfA])
  // The foreign board is told to look for ours: it must come to nothing.
  await foreign.init([addressOfA, addressOfStranger])
  a = ours.start('a', { listen: addressOfA })
  b = ours.start('b', { listen: addressOfB })
  stranger = foreign.start('stranger', { listen: addressOfStranger })
  await until('two boards see each other', 120_000, async () => (await aliveOn(a)).length === 2 && (await aliveOn(b)).length === 2)
  await until('the foreign board is up', 120_000, async () => (await aliveOn(stranger)).length === 1)
})

after(async () => {
  await ours.stop()
  await foreign.stop()
})

test('two fleets that meet stay apart', async () => {
  assert.deepEqual(await aliveOn(stranger), ['stranger'])
  assert.deepEqual((await aliveOn(a)).toSorted(), ['a', 'b'])
})

test('a peer of a foreign fleet: told so, not taken for a dead one', async (t) => {
  const ran = await ours.cli(['status', '--peer', addressOfStranger])
  t.diagnostic(`${ran.ms} ms`)
  assert.equal(ran.code, 1)
  assert.match(ran.output, /error E_WRONG_FLEET: .*\nhint: /)
})

test('a key that the fleet does not know: refused, for reading and for writing', async () => {
  const folder = join(ours.folder, 'thief')
  cpSync(ours.operatorEnv['SHOAL_CONFIG_DIR']!, folder, { recursive: true })
  // The right pre-shared key, another operator's signature.
  const keyName = readdirSync(join(folder, 'keys')).find((name) => !name.endsWith('.psk'))!
  const other = join(foreign.operatorEnv['SHOAL_CONFIG_DIR']!, 'keys', keyName)
  writeFileSync(join(folder, 'keys', keyName), readFileSync(other), { mode: 0o600 })
  const env = { SHOAL_CONFIG_DIR: folder }
  const read = await ours.cli(['status', '--peer', addressOfA], env)
  assert.equal(read.code, 1)
  assert.match(read.output, /error (E_FORBIDDEN|E_NOT_ADMITTED): .*\nhint: /)
  const write = await ours.cli(['job', 'run', ours.jobFile(job('stolen')), '--peer', `unix:${a.socket}`], env)
  assert.equal(write.code, 1)
  assert.match(write.output, /error E_(ROLE|RIGHT|FORBIDDEN): /)
  assert.deepEqual((await ask(a, 'jobs', { method: 'job.list' })).jobs, [])
})

test('a peer that is not there: told so; the next of the list serves', async () => {
  const nobody = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const alone = await ours.cli(['status', '--peer', nobody])
  assert.equal(alone.code, 1)
  assert.match(alone.output, /error E_UNREACHABLE: no peer serves: .*\nhint: /)
  const gone = await ours.cli(['status', '--peer', 'unix:/nowhere/api.sock'])
  assert.equal(gone.code, 1)
  assert.match(gone.output, /error E_UNREACHABLE: /)
  const second = await ours.cli(['status', '--peer', nobody, '--peer', addressOfB])
  assert.equal(second.code, 0, second.output)
})

test('broken job files: every fault with its line, exit code 1 (255 for plan), and nothing is sent', async () => {
  const file = join(ours.folder, 'broken.yaml')
  writeFileSync(
    file,
    [
      'job: broken',
      'groups:',
      '  web:',
      '    cuont: 2',
      '    disconnect: { replace_after: 5 }',
      '    tasks:',
      '      app:',
      '        driver: raw-exec',
      '        resources: { cpu: 100 }',
      '',
    ].join('\n'),
  )
  const ran = await ours.cli(['job', 'run', file, '--peer', addressOfA])
  assert.equal(ran.code, 1)
  assert.match(ran.output, /broken\.yaml:4:5: groups\.web\.cuont: found the unknown key 'cuont' \(did you mean 'count'\?\)/)
  assert.match(ran.output, /broken\.yaml:5:\d+: groups\.web\.disconnect\.replace_after: found 5; allowed: /)
  assert.match(ran.output, /broken\.yaml:8:\d+: groups\.web\.tasks\.app\.driver: found "raw-exec"/)
  assert.match(ran.output, /broken\.yaml:9:\d+: groups\.web\.tasks\.app\.resources\.cpu: found 100; allowed: /)
  assert.match(ran.output, /error E_JOB_FILE: /)
  assert.equal((await ours.cli(['job', 'plan', file, '--peer', addressOfA])).code, 255)
  writeFileSync(file, 'job: [unclosed\n')
  const unreadable = await ours.cli(['job', 'run', file, '--peer', addressOfA])
  assert.equal(unreadable.code, 1)
  assert.match(unreadable.output, /broken\.yaml:\d+:\d+: /)
  const missing = await ours.cli(['job', 'run', join(ours.folder, 'none.yaml'), '--peer', addressOfA])
  assert.equal(missing.code, 1)
  assert.match(missing.output, /error E_\w+: .*none\.yaml/)
  assert.deepEqual((await ask(a, 'jobs', { method: 'job.list' })).jobs, [])
})

test('the peer is killed in the middle of job run: the next one goes on telling, and the job is there', async () => {
  const slow = job('slow', {
    count: 2,
    group: { update: { min_healthy_time: '10s', healthy_deadline: '5m' }, disconnect: { replace_after: '5m' } },
  })
  const child = spawn(program, ['job', 'run', ours.jobFile(slow), '--peer', addressOfA, '--peer', addressOfB], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...ours.operatorEnv },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  await until('both copies run', 120_000, async () => Object.keys(await holders(b, 'slow')).length === 2 && output.includes('running'))
  await ours.kill(a)
  ours.launch(a)
  assert.equal(await ended(child), 0, output)
  assert.match(output, /2 of 2 copies healthy/)
})

test('Ctrl-C while following: code 130, and the change stays', async () => {
  const waiting = job('waiting', { group: { constraints: [{ attribute: '${node.unique.name}', value: 'nobody' }] } })
  const child = spawn(
    program,
    [
      'job',
      'run',
      ours.jobFile(job('long', { group: { update: { min_healthy_time: '2m', healthy_deadline: '5m' } } })),
      '--peer',
      addressOfB,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...ours.operatorEnv } },
  )
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data: Buffer) => (output += data.toString()))
  await until('it is followed', 120_000, async () => /long\/g\/0: running/.test(output))
  child.kill('SIGINT')
  assert.equal(await ended(child), 130, output)
  assert.ok((await ask(b, 'jobs', { method: 'job.list' })).jobs.some((row) => row.id === 'default/long'))
  const notPlaced = await ours.cli(['job', 'run', ours.jobFile(waiting), '--peer', addressOfB])
  assert.equal(notPlaced.code, 2, notPlaced.output)
  assert.match(notPlaced.output, /constraint/)
})

test('a named pipe that nobody writes to: Ctrl-C twice ends the wait', async () => {
  const pipe = join(ours.folder, 'pipe.yaml')
  assert.equal((await run('mkfifo', [pipe])).code, 0)
  const child = spawn(program, ['job', 'validate', pipe], { stdio: 'ignore', env: { ...process.env, ...ours.operatorEnv } })
  await until('it has a handler', 20_000, () => Promise.resolve(catchesInterrupts(child.pid!)))
  const over = ended(child)
  await until('it has ended', 20_000, () => {
    child.kill('SIGINT')
    return Promise.resolve(child.signalCode ?? child.exitCode ?? false)
  })
  await over
  assert.equal(child.signalCode, 'SIGINT')
})

function catchesInterrupts(pid: number): boolean {
  const caught = /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0'
  return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGINT - 1))) !== 0n
}
