// Parameterized jobs from the command line to the boards, and the same token on both sides of a cut (docs/adr/0028).

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import type { JobRow } from '../../../crdt/api-jobs.ts'
import type { JobId } from '../../../crdt/ids.ts'
import type { TaskRequest } from '../../../node/core/ports.ts'
import { type Stage, closeStages, ok, stage } from '../../support/operator-stage.ts'
import { answer, count } from '../../support/pool.ts'
import { areEqual, runners, slot } from '../../support/world.ts'

afterEach(closeStages)

const backup = 'default/backup' as JobId
const file = (program = 'v1'): string => `job: backup
type: batch
meta: { target: nas, level: "1" }
parameterized: { payload: optional, meta_required: [site], meta_optional: [level, note] }
groups:
  g:
    disconnect: { replace_after: 1s, partition: any }
    tasks:
      app: { driver: raw_exec, config: { command: ${program} }, dispatch_payload: { file: in.json } }
`

interface Played extends Stage {
  /** What the drivers were asked to run. */
  readonly asked: TaskRequest[]
  readonly dispatch: (...words: string[]) => Promise<string>
  readonly children: () => readonly JobRow[]
}

/** With the job run; what is dispatched ends well after 20 s. */
async function played(boards: number): Promise<Played> {
  const made = await stage(boards)
  const { world, admin, at } = made
  const asked: TaskRequest[] = []
  world.lifetimes.of = (_board, task) => (asked.push(task), 20_000)
  await change(made, 'v1')
  const dispatch = async (...words: string[]): Promise<string> =>
    (await ok(admin, 'job', 'dispatch', 'backup', '--detach', ...words)).stdout
  const children = (): readonly JobRow[] => answer(world, at.admin, 'job', { method: 'job.status', job: backup }).job.dispatched ?? []
  return { ...made, asked, dispatch, children }
}

async function change({ world, admin }: Stage, program: string): Promise<void> {
  const path = join(admin.dir, 'backup.yaml')
  await writeFile(path, file(program))
  await ok(admin, 'job', 'run', path, '--detach')
  world.run(1_000)
}

async function payload({ admin }: Stage, text: string): Promise<string> {
  const path = join(admin.dir, 'payload')
  await writeFile(path, text)
  return path
}

const states = (rows: readonly JobRow[]): readonly unknown[] => rows.map(({ complete, wanted }) => [complete, wanted])

test('the job itself runs nothing and is settled; each dispatch runs once, with its metadata and payload', async () => {
  const p = await played(3)
  p.world.run(60_000)
  assert.equal(count(p.world, 'start'), 0)
  assert.ok(answer(p.world, p.at.admin, 'job', { method: 'job.status', job: backup }).settled)
  assert.match(
    (await ok(p.admin, 'job', 'status', 'backup')).stdout,
    /State +parameterized\n[^]*nothing is dispatched: shoal job dispatch backup\n/,
  )
  const said = await p.dispatch('--meta', 'site=a', '--payload', await payload(p, '{"x":1}'))
  assert.match(said, /^job backup-dispatch-[0-9a-f]{12} is dispatched from backup\nreceipt /)
  await p.dispatch('--meta', 'site=b', '--meta', 'level=2')
  p.world.run(10_000)
  const given = p.asked.map(({ env, files }) => [env['SHOAL_META_site'], env['SHOAL_META_level'], env['SHOAL_META_target'], files])
  assert.deepEqual(given.sort(), [
    ['a', '1', 'nas', [{ kind: 'payload', path: 'in.json', base64: Buffer.from('{"x":1}').toString('base64') }]],
    ['b', '2', 'nas', undefined],
  ])
  p.world.run(60_000)
  assert.deepEqual([states(p.children()), count(p.world, 'start')], [[[1, 1], [1, 1]], 2]) // prettier-ignore
})

test('an agent that starts again without its documents’ help gives the task its payload once more', async () => {
  const p = await played(1)
  p.world.lifetimes.of = (_board, task) => (p.asked.push(task), null)
  await p.dispatch('--meta', 'site=a', '--payload', await payload(p, 'once'))
  const [board] = p.boards
  p.world.until('it runs', () => board!.tasks.size === 1, 10_000)
  p.world.run(5_000)
  p.world.powerCut(board!)
  p.world.boot(board!)
  p.world.until('it runs again', () => board!.tasks.size === 1, 30_000)
  assert.deepEqual(
    p.asked.map((task) => task.files),
    [1, 2].map(() => [{ kind: 'payload', path: 'in.json', base64: btoa('once') }]),
  )
})

for (const [name, ends] of [
  ['while both run', 30_000],
  ['when both are done', 120_000],
] as const)
  test(`one token on both sides of a cut that heals ${name}: one job, done once more by nobody`, async () => {
    const p = await played(4)
    p.world.lifetimes.of = () => 60_000
    const words = ['--meta', 'site=a', '--idempotency-token', 'order-17', '--payload', await payload(p, 'x'.repeat(16_384))]
    p.world.split(p.boards.slice(0, 2), p.boards.slice(2))
    await p.dispatch(...words)
    p.at.admin = p.boards[3]!
    assert.match(await p.dispatch(...words), / is dispatched from backup\n/, 'this side knows nothing of the other')
    p.world.run(ends)
    const [child, ...others] = p.children()
    assert.deepEqual([others, count(p.world, 'start')], [[], 2])
    p.world.heal()
    p.world.until('both sides know of both', () => areEqual(p.boards), 60_000)
    p.world.until('done', () => p.children()[0]!.complete === 1, 120_000)
    p.world.run(300_000)
    assert.deepEqual([p.children().map(({ id, problems, conflicts }) => [id, problems, conflicts]), count(p.world, 'start')], [[[child!.id, [], 0]], 2]) // prettier-ignore
    assert.equal(runners(p.world, slot(child!.id as JobId)).length, 0)
    assert.match(await p.dispatch(...words), / was dispatched before from backup\n/)
    p.world.run(60_000)
    assert.equal(count(p.world, 'start'), 2)
  })

test('one token with other contents on each side: one of them is in force and stays done, no mixture ever runs, and it is told', async () => {
  const p = await played(4)
  const token = ['--idempotency-token', 'order-17']
  p.world.split(p.boards.slice(0, 2), p.boards.slice(2))
  // Each side says something that the other does not: what is merged register by register is neither.
  await p.dispatch('--meta', 'site=a', '--meta', 'note=7', ...token)
  p.at.admin = p.boards[3]!
  await change(p, 'v2')
  await p.dispatch('--meta', 'site=b', ...token, '--payload', await payload(p, 'y'.repeat(10_000)))
  p.world.run(60_000)
  p.world.heal()
  p.world.until('both sides know of both', () => areEqual(p.boards), 60_000)
  p.world.run(300_000)
  const [child] = p.children()
  const inForce = p.boards.map(({ core }) => core!.state!.view.jobs.get(child!.id as JobId)!.spec!)
  const said = inForce.map(({ meta, dispatched, groups }) => [meta['site'], meta['note'], dispatched?.payload?.length ?? 0, groups[0]!.tasks[0]!.config.command]) // prettier-ignore
  const whole = [['a', '7', 0, 'v1'], ['b', undefined, 13_336, 'v2']] // prettier-ignore
  assert.deepEqual(
    said,
    p.boards.map(() => whole.find(([site]) => site === said[0]![0])),
  )
  assert.deepEqual([states([child!]), count(p.world, 'start')], [[[1, 1]], 2])
  assert.match(
    (await ok(p.admin, 'job', 'status', child!.id)).stdout,
    /not in force: dispatched\/order: found what two dispatches with one token said/,
  )
  assert.match((await ok(p.admin, 'job', 'conflicts', child!.id)).stdout, /meta\/site/)
  await ok(p.admin, 'job', 'stop', child!.id, '--detach')
  p.world.run(60_000)
  assert.deepEqual(p.at.admin.core!.state!.view.jobs.get(child!.id as JobId)!.spec, inForce[0], 'also after an edit that has seen both')
})

test('a used token with other contents is refused; an older job’s own default is no other content', async () => {
  const p = await played(2)
  await p.dispatch('--meta', 'site=a', '--idempotency-token', 't')
  const refused = await p.admin.run(['job', 'dispatch', 'backup', '--meta', 'site=b', '--idempotency-token', 't'])
  assert.deepEqual([refused.exitCode, count(p.world, 'start')], [1, 0])
  assert.match(refused.stderr, /^error E_DISPATCHED: this token was used before, with another value of: meta site; nothing was changed\n/)
  await change(p, 'v2')
  assert.match(await p.dispatch('--meta', 'site=a', '--idempotency-token', 't'), / was dispatched before from backup\n/)
  p.world.run(60_000)
  assert.deepEqual(
    p.asked.map(({ spec }) => spec.config.command),
    ['v1'],
  )
})

test('what is complete is removed on an order, what runs is not; a token that was used stays used', async () => {
  const p = await played(2)
  await p.dispatch('--meta', 'site=a', '--idempotency-token', 't')
  p.world.run(60_000)
  await ok(p.admin, 'job', 'pause', p.children()[0]!.id)
  p.world.lifetimes.of = () => null
  await p.dispatch('--meta', 'site=b')
  p.world.run(10_000)
  const said = (await ok(p.admin, 'job', 'remove', 'backup', '--complete-children')).stdout
  assert.match(said, /^job backup-dispatch-[0-9a-f]{12} is removed: receipt [^\n]*\n$/)
  p.world.run(10_000)
  assert.deepEqual(states(p.children()), [[0, 1]])
  await p.dispatch('--meta', 'site=a', '--idempotency-token', 't')
  p.world.run(60_000)
  assert.deepEqual([states(p.children()), count(p.world, 'start')], [[[0, 1]], 2])
})

test('a job that becomes parameterized stops what it runs', async () => {
  const p = await stage(2)
  const path = join(p.admin.dir, 'backup.yaml')
  await writeFile(
    path,
    file()
      .replace(/^parameterized.*\n/m, '')
      .replace(', dispatch_payload: { file: in.json }', ''),
  )
  await ok(p.admin, 'job', 'run', path, '--detach')
  p.world.until('it runs', () => runners(p.world, slot(backup)).length === 1, 10_000)
  await writeFile(path, file())
  await ok(p.admin, 'job', 'run', path, '--detach')
  p.world.until('it has stopped', () => runners(p.world, slot(backup)).length === 0, 10_000)
  p.world.run(60_000)
  assert.equal(count(p.world, 'start'), 1)
})

test('a fleet as a scenario: what was dispatched and is not done is played, without the payload that no file has', async () => {
  const made = await played(2)
  const { world, admin } = made
  await made.dispatch('--meta', 'site=done', '--payload', await payload(made, 'x'), '--idempotency-token', 'done')
  world.run(40_000)
  await made.dispatch('--meta', 'site=now', '--payload', await payload(made, 'y'), '--idempotency-token', 'now')
  world.run(2_000)
  const name = made.children().find(({ complete }) => complete === 0)!.id
  const out = join(admin.dir, 'fleet')
  assert.match((await ok(admin, 'sim', 'from-fleet', '--out', out)).stdout, /^wrote 2 boards and 1 jobs?;/)
  const ran = await ok(admin, 'sim', 'run', join(out, 'scenario.yaml'))
  assert.match(ran.stdout, new RegExp(`${name}/g/0\n`))
  assert.doesNotMatch(ran.stdout, /default\/backup\/g/)
})
