// `shoal sim`: from a file to a report, as people, scripts and browsers read it.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Report } from '../../../simulator/scenario/report.ts'
import { replayFlags } from '../../../cli/commands/sim-fuzz.ts'
import { type TestCli, testCli } from '../../support/cli-io.ts'

let cli: TestCli
let file = ''

before(async () => {
  cli = await testCli()
  file = join(cli.dir, 'scenario.yaml')
  const made = await cli.run(['sim', 'init', '--out', file])
  assert.equal(made.exitCode, 0, made.stderr)
})
after(async () => await cli.close())

test('what sim init writes is played: text for people, the same as data for scripts', async () => {
  const [text, json] = [await cli.run(['sim', 'run', file]), await cli.run(['sim', 'run', file, '-o', 'json'])]
  assert.equal(text.exitCode, 0, text.stderr)
  const report = JSON.parse(json.stdout) as Report
  assert.deepEqual(
    report.jobs.map(({ job, slots }) => [job, slots]),
    [['default/web', 2]],
  )
  const cut = report.slots.flatMap(({ several }) => several).filter(([from]) => from > 60_000 && from < 240_000)
  assert.ok(cut.length > 0, 'both sides of the cut run a copy')
  for (const { slot, copies } of report.slots) {
    assert.ok(text.stdout.includes(`\n${slot}\n`))
    assert.equal(copies.filter(({ toMs }) => toMs === report.durationMs).length, 1, 'one copy in the end')
  }
  assert.match(text.stdout, / {4}1:00\.0 {2}cut north-1, north-2, north-3 ⟷ south-1, south-2\n/)
  assert.match(text.stdout, / {4}4:00\.0 {2}heal every link among 5 boards\n/)
  assert.match(text.stdout, /^BOARD +POOL +MESSAGES +SENT /m)
  for (const { name, messagesSent, bytesSent } of report.boards) {
    assert.ok(messagesSent > 0 && bytesSent > messagesSent)
    assert.match(text.stdout, new RegExp(`^${name} +default +${messagesSent} `, 'm'))
  }
  assert.equal(
    report.messages,
    report.boards.reduce((sum, { messagesSent }) => sum + messagesSent, 0),
  )
  assert.match(text.stderr, /^played 8:00\.0 in /)
})

test('the page holds the report as data, and a script that can be read; names in it are not markup', async () => {
  const named = join(cli.dir, 'named.yaml')
  await writeFile(named, 'scenario: "</script><b>& co"\nboards: [{ name: a }]\nduration: 1s\n')
  const page = join(cli.dir, 'a', 'new folder', 'page.html')
  const { exitCode, stderr } = await cli.run(['sim', 'run', named, '--html', page])
  assert.equal(exitCode, 0, stderr)
  const html = await readFile(page, 'utf8')
  const [, data = ''] = /<script id="report" type="application\/json">(.*?)<\/script>/s.exec(html) ?? []
  assert.equal((JSON.parse(data) as Report).scenario, '</script><b>& co')
  assert.match(html, /<h1>&lt;\/script&gt;&lt;b&gt;&amp; co<\/h1>/)
  const [, script = ''] = /<script>(.*?)<\/script>/s.exec(html) ?? []
  const path = join(cli.dir, 'page.js')
  await writeFile(path, script)
  execFileSync(process.execPath, ['--check', path])
  assert.match(html, /<ol id="events">/)
  for (const words of ["'messages'", "'disk '", "'drains'", "'cannot have '"]) assert.ok(script.includes(words), words)
})

test('a job file for several pools: each has a job of its own, with its overrides, and an order reaches them all', async () => {
  const job = join(cli.dir, 'shops.yaml')
  await writeFile(
    job,
    `job: till
pools: [shop-*]
overrides: [{ pools: [shop-2], set: { groups.main.count: 2 } }]
groups: { main: { count: 1, tasks: { app: { driver: raw_exec, config: { command: /bin/true } } } } }
`,
  )
  const scenario = (timeline: string): string => `scenario: two shops
duration: 1m
boards: [{ name: a, pool: shop-1 }, { name: e, pool: shop-1 }, { name: b, pool: shop-2 }, { name: c, pool: shop-2 }, { name: d, pool: bus }]
jobs: [{ file: shops.yaml }]
timeline: [${timeline}]
`
  const two = join(cli.dir, 'two.yaml')
  await writeFile(two, scenario('{ at: 40s, stop: till }'))
  const [text, json] = [await cli.run(['sim', 'run', two]), await cli.run(['sim', 'run', two, '-o', 'json'])]
  assert.equal(text.exitCode, 0, text.stderr)
  const report = JSON.parse(json.stdout) as Report
  assert.deepEqual(
    report.jobs.map(({ job: name, pool, slots, severalMs, availablePercent }) => [name, pool, slots, severalMs, availablePercent > 90]),
    [
      ['default/till', 'shop-1', 1, 0, true],
      ['default/till', 'shop-2', 2, 0, true],
    ],
  )
  assert.deepEqual(
    report.slots.map(({ slot, pool, copies }) => [slot, pool, copies.length]),
    [
      ['default/till/main/0', 'shop-1', 1],
      ['default/till/main/0', 'shop-2', 1],
      ['default/till/main/1', 'shop-2', 1],
    ],
  )
  assert.ok(
    report.slots.every(({ copies: [copy] }) => copy!.toMs > 40_000 && copy!.toMs < 60_000),
    'all are stopped by the one order',
  )
  assert.match(text.stdout, /\ndefault\/till\/main\/0 in shop-1\n[^]*\ndefault\/till\/main\/0 in shop-2\n/)
  await writeFile(two, scenario('{ at: 40s, run: shops.yaml, via: a }'))
  assert.match((await cli.run(['sim', 'run', two])).stderr, /error E_POOL: shops\.yaml is for 2 pools of the scenario/)
  await writeFile(
    job,
    'job: till\npools: [petrol-*]\ngroups: { main: { tasks: { app: { driver: raw_exec, config: { command: /bin/true } } } } }\n',
  )
  assert.match(
    (await cli.run(['sim', 'run', two])).stderr,
    /error E_POOL: shops\.yaml is for pool petrol-\*, which the scenario does not have/,
  )
})

test('sim fuzz: seeds, what was seen, the same trace as the search of the repository; wrong ranges are refused', async () => {
  const { exitCode, stdout } = await cli.run(['sim', 'fuzz', '--seeds', '3..3'])
  assert.equal(exitCode, 0, stdout)
  const again = execFileSync(process.execPath, ['--import', 'tsx', 'simulator/chaos-main.ts', '--seed', '3'], { encoding: 'utf8' })
  const trace = (text: string): string => / trace ([0-9a-f]{8})\n/.exec(text)?.[1] ?? 'none'
  assert.match(stdout, /^seeds 3\.\.3: 0 of 1 break a rule; \d+ virtual minutes/)
  assert.equal(trace(stdout), trace(again))
  for (const range of ['0', '5..2', 'x', '1..2..3', '1..99999999'])
    assert.match((await cli.run(['sim', 'fuzz', '--seeds', range])).stderr, /error E_USAGE: .*allowed: a number of seeds/, range)
})

test('sim fuzz with an operator’s own jobs and number of boards: the plan is of these, and its replay says so', async () => {
  const own = join(cli.dir, 'own job.yaml')
  await writeFile(
    own,
    `job: till
namespace: shop
groups:
  front: { count: 2, constraints: [{ attribute: "\${label.rack}", value: one }], tasks: { t: { driver: docker, config: { image: "x:1" } } } }
`,
  )
  const args = ['sim', 'fuzz', '--seeds', '3..3', '--nodes', '4', '--jobs', own]
  const { exitCode, stdout, stderr } = await cli.run([...args, '--verbose'])
  assert.equal(exitCode, 0, stdout + stderr)
  assert.match(stdout, / \* run via b\d till count 2 /)
  assert.match(stdout, /b3 taking part/)
  assert.doesNotMatch(stdout, / b4 | run via b\d (web|db|probe|relay) /)
  const trace = (text: string): string => / trace ([0-9a-f]{8})\n/.exec(text)?.[1] ?? 'none'
  assert.equal(trace(stdout), trace((await cli.run(args)).stdout))
  assert.equal(replayFlags({ nodes: 4, jobs: [own] }), ` --nodes 4 --jobs '${own}'`)
  for (const nodes of ['1', 'x', '1000'])
    assert.match((await cli.run([...args, '--nodes', nodes])).stderr, /E_USAGE: .*from 2 to 100/, nodes)
  assert.match((await cli.run([...args, '--jobs', own])).stderr, /error E_USAGE: --jobs: .* second file for job shop\/till/)
})

test('sim fuzz plays jobs that end and jobs that are on every board; what nothing runs of by itself is refused', async () => {
  const write = async (name: string, head: string): Promise<string> => {
    const path = join(cli.dir, `${name}.yaml`)
    await writeFile(path, `job: ${name}\n${head}groups: { g: { tasks: { t: { driver: raw_exec, config: { command: /bin/x } } } } }\n`)
    return path
  }
  const [batch, system] = [await write('work', 'type: batch\n'), await write('watch', 'type: system\n')]
  const played = await cli.run(['sim', 'fuzz', '--seeds', '3..3', '--jobs', batch, '--jobs', system, '--verbose'])
  assert.equal(played.exitCode, 0, played.stdout + played.stderr)
  for (const name of ['work', 'watch']) assert.match(played.stdout, new RegExp(` \\* run via b\\d ${name} `))
  const nightly = await write('nightly', 'type: batch\nperiodic: { crons: ["30 7 * * *"] }\n')
  const refused = await cli.run(['sim', 'fuzz', '--seeds', '3..3', '--jobs', nightly])
  assert.match(
    refused.stderr,
    /error E_USAGE: --jobs: .*nightly\.yaml is a periodic job, which the search does not play\nhint: .*batch, system/,
  )
})

test('files that cannot be played are refused with a code and a way out', async () => {
  const broken = join(cli.dir, 'broken.yaml')
  const refused = async (text: string): Promise<string> => {
    await writeFile(broken, text)
    const { exitCode, stderr } = await cli.run(['sim', 'run', broken])
    assert.equal(exitCode, 1)
    return stderr.replaceAll(cli.dir, '')
  }
  assert.match(await refused('boards: []\n'), /^\/broken\.yaml:1:9: boards: found no boards; allowed: one at least\nerror E_SCENARIO_FILE/)
  assert.match(await refused(''), /^\/broken\.yaml:1:1: found an empty file; allowed: one scenario\n/)
  assert.match((await cli.run(['sim', 'fuzz', '--help'])).stdout, /101\.\.200\s+\(default: 20\)/)
  assert.match(await refused('boards: [{ name: a }]\njobs: [{ file: none.yaml }]\n'), /error E_FILE: cannot read '\/none\.yaml'/)
  await writeFile(
    join(cli.dir, 'edge.yaml'),
    'job: x\npool: edge\ngroups: { g: { tasks: { t: { driver: raw_exec, config: { command: /x } } } } }\n',
  )
  assert.match(
    await refused('boards: [{ name: a }]\njobs: [{ file: edge.yaml }]\n'),
    /error E_POOL: .*pool edge.*\nhint: its boards are of default/,
  )
  const again = await cli.run(['sim', 'init', '--out', file])
  assert.match(again.stderr, /error E_EXISTS/)
  assert.match((await cli.run(['sim', 'run', join(cli.dir, 'gone.yaml')])).stderr, /error E_FILE/)
})
