// A fleet asked what would be: its boards and jobs become a scenario, and what is played is what the fleet would do. Nothing of the
// fleet changes by it.

import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Report } from '../../../simulator/scenario/report.ts'
import type { TestCli } from '../../support/cli-io.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool, home, place, slotsOf } from '../../support/pool.ts'
import { edit } from '../../support/world.ts'
import { opsPaths } from '../../../crdt/documents/ops.ts'
import { opsDocId } from '../../../crdt/ids.ts'
import type { World } from '../../../simulator/world.ts'

const made: TestCli[] = []
after(async () => await Promise.all(made.map(async (cli) => await cli.close())))

async function fleetOfFive(): Promise<{ world: World; cli: TestCli; names: string[]; file: string }> {
  const { world, first } = bootPool(5)
  place(world, { count: 2 })
  const cli = await cliOnWorld(world, () => first)
  made.push(cli)
  const file = join(cli.dir, 'next.yaml')
  await writeFile(
    file,
    'job: next\ngroups: { g: { count: 5, disconnect: { replace_after: 10s }, tasks: { t: { driver: raw_exec, config: { command: /bin/next } } } } }\n',
  )
  return { world, cli, names: [...world.boards.values()].map(({ spec }) => spec.name), file }
}

test('job plan --what-if: the jobs that run and the one that is planned, through a fault of five minutes', async () => {
  const { world, cli, names, file } = await fleetOfFive()
  const view = [...world.boards.values()].map(({ core }) => core!.state!.view.jobs.size)
  const planned = await cli.run(['job', 'plan', file, '--what-if', `power_cut ${names[1]}`, '-o', 'json'])
  assert.equal(planned.exitCode, 1, planned.stderr)
  const { whatIf } = JSON.parse(planned.stdout) as { whatIf: Report }
  assert.deepEqual(
    whatIf.jobs.map(({ job, slots }) => [job, slots]),
    [
      ['default/next', 5],
      ['default/web', 2],
    ],
  )
  assert.deepEqual(
    whatIf.boards.map(({ name, boots }) => [name, boots]),
    names.map((name, at) => [name, at === 1 ? 2 : 1]),
  )
  for (const { slot, copies } of whatIf.slots)
    assert.equal(copies.filter(({ toMs }) => toMs === whatIf.durationMs).length, 1, `${slot} runs once in the end`)
  const gaps = whatIf.slots
    .filter(({ slot }) => slot.startsWith('default/next'))
    .flatMap(({ nobody }) => nobody.filter(([from]) => from === 120_000))
  assert.equal(gaps.length, 1, 'each board had one of the five, so the power cut took one')
  for (const [from, to] of gaps) assert.ok(to - from < 25_000, 'the job’s own replace_after counts')
  const text = await cli.run(['job', 'plan', file, '--what-if', `cut ${names[0]} all`])
  const alone = await cli.run(['job', 'plan', file, '--what-if', `cut ${names[0]}`, '-o', 'json'])
  const { whatIf: cut } = JSON.parse(alone.stdout) as { whatIf: Report }
  assert.match(
    cut.happenings.map(({ text: line }) => line).join('\n'),
    new RegExp(`cut ${names[0]} ⟷ (?!.*${names[0]}\\b)`),
    'from all others',
  )
  assert.match(text.stdout, /^job next is new\n[^]*\nwhat if: cut \S+ all\n[^]*\nJOB +SLOTS +AVAILABLE/)
  assert.deepEqual(
    [...world.boards.values()].map(({ core }) => core!.state!.view.jobs.size),
    view,
    'nothing was handed in',
  )
})

test('faults that nobody can play are refused, with what can be played', async () => {
  const { cli, file } = await fleetOfFive()
  for (const words of ['', 'cut all', 'burn all', 'kill a b']) {
    const { exitCode, stderr } = await cli.run(['job', 'plan', file, '--what-if', words])
    assert.deepEqual([exitCode, /error E_USAGE: --what-if: found '.*'; allowed: cut SIDE \[SIDE\]/.test(stderr)], [255, true], stderr)
  }
  const { stderr } = await cli.run(['job', 'plan', file, '--what-if', 'kill nobody'])
  assert.match(stderr, /found 'nobody', which is no board[^]*error E_SCENARIO_FILE/)
})

test('sim from-fleet: boards and jobs as files that sim run takes; silent and draining boards are so there too', async () => {
  const { world, cli, names } = await fleetOfFive()
  // As nobody would place them now: the other boards were away.
  const holders = [names[1]!, names[4]!]
  const away = names.filter((name) => name !== names[0] && !holders.includes(name))
  for (const name of away) world.powerCut(world.board(name))
  const first = world.board(names[0]!)
  edit(world, first, opsDocId(first.spec.id), 'default', () => new Map([[opsPaths.eligible, false]]))
  world.run(10_000)
  const moved = place(world, { count: 2, name: 'moved' })
  for (const name of away) world.boot(world.board(name))
  world.run(30_000)
  const copies = slotsOf(moved, 2).map((slot) => home(world, slot).spec.name)
  assert.deepEqual(copies.toSorted(), holders.toSorted())
  world.powerCut(world.board(names[3]!))
  world.run(10_000)
  const out = join(cli.dir, 'fleet')
  const wrote = await cli.run(['sim', 'from-fleet', '--out', out])
  assert.equal(wrote.exitCode, 0, wrote.stderr)
  assert.match(wrote.stdout, /^wrote 5 boards and 2 jobs; next: add a timeline to .*scenario\.yaml\n$/)
  assert.match(await readFile(join(out, 'scenario.yaml'), 'utf8'), new RegExp(`power_cut: ${names[3]}`))
  const played = await cli.run(['sim', 'run', join(out, 'scenario.yaml'), '-o', 'json'])
  assert.equal(played.exitCode, 0, played.stderr)
  const report = JSON.parse(played.stdout) as Report
  assert.deepEqual(
    report.jobs.map(({ job, firstRunningMs }) => [job, firstRunningMs]),
    [
      ['default/moved', 0],
      ['default/web', 0],
    ],
  )
  assert.deepEqual(
    report.slots.filter(({ slot }) => slot.startsWith('default/moved/')).map((slot) => slot.copies.map(({ board }) => board)),
    copies.map((name) => [name]),
    'each copy is where it is in the fleet',
  )
  const told = report.happenings.map(({ text }) => text)
  assert.ok(told.includes(`power-cut ${names[3]}`) && told.includes(`ineligible ${names[0]} (said at ${names[0]})`), told.join())
  for (const { copies: all } of report.slots)
    for (const { board, toMs } of all) assert.ok(board !== names[3] || toMs <= 100, 'it is silent from the beginning')
  assert.match((await cli.run(['sim', 'from-fleet', '--out', out])).stderr, /error E_EXISTS/)
})
