// What operators type about periodic jobs, against simulated boards.

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { jobDocId } from '../../../crdt/ids.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool, count } from '../../support/pool.ts'

const minuteMs = 60_000

function file(periodic: string, command = '/bin/work'): string {
  return `job: work
type: batch
${periodic === '' ? '' : `periodic: ${periodic}\n`}groups:
  g:
    tasks:
      app: { driver: raw_exec, config: { command: ${command} } }
`
}

async function stage(t: TestContext, boards = 2) {
  const pool = bootPool(boards)
  const { world, first } = pool
  world.lifetimes.of = () => 5_000
  const cli = await cliOnWorld(world, () => first)
  t.after(() => cli.close())
  const shoal = async (...words: string[]) => await cli.run(words, { now: world.wallMs })
  const run = async (periodic: string, command?: string, ...options: string[]) => {
    await writeFile(join(cli.dir, 'work.yaml'), file(periodic, command))
    return await shoal('job', 'run', join(cli.dir, 'work.yaml'), ...options)
  }
  const register = (path: string) => first.core!.state!.docs.get(jobDocId('default/work' as never))!.registers.get(`spec/periodic/${path}`)
  /** The world begins at 08:00:00; so many minutes later. */
  const at = (minute: number, second = 0): void => world.run(minute * minuteMs + second * 1000 - world.queue.now)
  return { ...pool, shoal, run, register, at }
}

test('ordered, seen to wait, run at its time, and seen again', async (t) => {
  const { world, shoal, run, at } = await stage(t)
  const ordered = await run('{ cron: "*/10 * * * *", time_zone: Europe/Berlin }')
  assert.equal(ordered.exitCode, 0, ordered.stderr)
  assert.match(ordered.stdout, /^job work is new\n/)
  const waits = await shoal('job', 'status', 'work')
  assert.match(waits.stdout, /State +scheduled\nLast run +-\nNext run +2027-01-15T09:10:00 Europe\/Berlin\n/)
  assert.match(
    (await shoal('job', 'explain', 'work')).stdout,
    /Next run +2027-01-15T09:10:00 Europe\/Berlin\n\nnothing is wanted of this job now\n/,
  )
  at(10, 2)
  const runs = await shoal('job', 'status', 'work')
  assert.match(runs.stdout, /State +running\nLast run +2027-01-15T09:10:00 Europe\/Berlin\nNext run +2027-01-15T09:20:00 Europe\/Berlin\n/)
  at(10, 30)
  assert.match((await shoal('job', 'status', 'work')).stdout, /State +scheduled\n/)
  assert.match((await shoal('job', 'explain', 'work')).stdout, /complete on b/)
  const inspected = await shoal('job', 'inspect', 'work')
  assert.match(inspected.stdout, /^periodic:\n {2}cron: "?\*\/10 \* \* \* \*"?\n {2}time_zone: Europe\/Berlin\n/m)
  assert.match(inspected.stdout, /^groups:\n {2}g:\n/m)
  assert.equal(count(world, 'start'), 1)
})

test('forced: one run now, also when it is disabled; no job without times is, nor one that is stopped', async (t) => {
  const { world, shoal, run, at, register } = await stage(t)
  assert.match((await shoal('job', 'periodic', 'force', 'work')).stderr, /^error E_JOB_UNKNOWN/)
  await run('{ cron: "0 3 * * *", enabled: false }')
  const forced = await shoal('job', 'periodic', 'force', 'work')
  assert.match(forced.stdout, /^job work runs now, as 2027-01-15T08:0/)
  assert.equal(forced.exitCode, 0)
  world.run(20_000)
  assert.equal(count(world, 'start'), 1)
  const status = await shoal('job', 'status', 'work')
  assert.match(status.stdout, /State +disabled\nLast run +2027-01-15T08:0.*\nNext run +none \(periodic\.enabled: false\)\n/)
  const since = register('since')
  at(5)
  // The same times: what was ordered stays so, and nothing is run again.
  await run('{ cron: "0 3 * * *", enabled: false }', '/bin/other')
  world.run(20_000)
  assert.deepEqual([register('since'), count(world, 'start')], [since, 1])
  await shoal('job', 'stop', 'work', '--detach')
  assert.match((await shoal('job', 'periodic', 'force', 'work')).stderr, /^error E_JOB_STOPPED/)
  await run('{ cron: "0 3 * * *", enabled: false }')
  assert.ok(Number(register('since')) > Number(since))
  await run('')
  assert.match((await shoal('job', 'periodic', 'force', 'work')).stderr, /^error E_NOT_PERIODIC/)
})

test('other times, or ordered after it was stopped: what was due before is not made up for; going back to a version neither', async (t) => {
  const { world, shoal, run, at } = await stage(t)
  await run('{ cron: "*/20 * * * *" }')
  at(5)
  await shoal('job', 'stop', 'work', '--detach')
  at(25)
  await run('{ cron: "*/20 * * * *" }')
  world.run(20_000)
  assert.equal(count(world, 'start'), 0, 'of 08:20')
  await run('{ cron: "*/15 * * * *" }')
  world.run(20_000)
  assert.equal(count(world, 'start'), 0, 'of 08:15')
  at(30, 20)
  assert.equal(count(world, 'start'), 1)
  const back = await shoal('job', 'revert', 'work', '--last')
  assert.equal(back.exitCode, 0, back.stderr)
  world.run(20_000)
  assert.equal(count(world, 'start'), 1)
  at(40, 20)
  assert.equal(count(world, 'start'), 2)
})

test('a periodic job is not run again with --rerun, and a board that does not know the time says so', async (t) => {
  const { world, shoal, run, first } = await stage(t, 1)
  await run('{ cron: "*/10 * * * *" }')
  assert.match((await run('{ cron: "*/10 * * * *" }', '/bin/work', '--rerun')).stderr, /^error E_USAGE.*\n.*shoal job periodic force work/)
  first.wallAheadMs = -world.wallMs
  world.feed(first, { kind: 'tick', now: world.clockOf(first), lagMs: 0, clock: { wallMs: 0, isSynchronised: false } })
  const why = /Held +no-trusted-time \(this board does not know the time/
  first.wallAheadMs = -world.wallMs
  assert.match((await shoal('job', 'explain', 'work')).stdout, why)
})
