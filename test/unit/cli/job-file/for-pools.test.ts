// A file for several pools: what each gets, and where faults are shown.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { faultLine } from '../../../../cli/job-file/fault.ts'
import { readJobFiles } from '../../../../cli/job-file/read-job-file.ts'
import type { JobSpec } from '../../../../crdt/spec.ts'

const base = `groups:
  web:
    tasks:
      app: { driver: raw_exec, config: { command: a, args: [x, y] }, env: { my.odd: "1" } }
`
const here = async (): Promise<readonly string[]> => ['bus', 'hq', 'shop-01', 'shop-17']

async function specs(head: string, body = base): Promise<ReadonlyMap<string, JobSpec>> {
  const read = await readJobFiles('f.yaml', `job: menu\n${head}\n${body}`, here, 'of-context')
  assert.ok(read.ok, read.ok ? '' : read.faults.map(faultLine).join('\n'))
  return new Map(read.specs.map((spec) => [spec.pool, spec]))
}

async function faults(head: string, body = base): Promise<readonly string[]> {
  const read = await readJobFiles('f.yaml', `job: menu\n${head}\n${body}`, here)
  return read.ok ? [] : read.faults.map((one) => faultLine(one).replace('f.yaml:', ''))
}

test('patterns choose the pools that there are; without pools it is the one job that it was', async () => {
  assert.deepEqual([...(await specs('pools: ["shop-*", hq, later]')).keys()], ['hq', 'shop-01', 'shop-17'])
  assert.deepEqual([...(await specs('pool: bus')).keys()], ['bus'])
  assert.deepEqual([...(await specs('')).keys()], ['of-context'])
})

test('an override changes its pools and no others, the last one counts, and blocks that are left out are made', async () => {
  const found = await specs(`pools: ["*"]
overrides:
  - { pools: ["shop-*"], set: { groups.web.count: 2, groups.web.tasks.app.env.my.odd: 2, groups.web.tasks.app.env.new.one: "x" } }
  - { pools: ["*-17", hq], set: { groups.web.count: 3, groups.web.tasks.app.resources.memory: 64 MiB, groups.web.tasks.app.config.args: [z] } }
  - { pools: [nowhere], set: { priority: 99 } }`)
  const said = [...found].map(([pool, { groups, priority }]) => {
    const { env, config, resources } = groups[0]!.tasks[0]!
    return [pool, groups[0]!.count, env, config.args, resources.memoryMib, priority]
  })
  assert.deepEqual(said, [
    ['bus', 1, { 'my.odd': '1' }, ['x', 'y'], 300, 50],
    ['hq', 3, { 'my.odd': '1' }, ['z'], 64, 50],
    ['shop-01', 2, { 'my.odd': '2', 'new.one': 'x' }, ['x', 'y'], 300, 50],
    ['shop-17', 3, { 'my.odd': '2', 'new.one': 'x' }, ['z'], 64, 50],
  ])
})

test('texts of an override are taken as they are written', async () => {
  const found = await specs('pools: [hq]\noverrides: [{ pools: [hq], set: { groups.web.tasks.app.env.VERSION: 1.10 } }]')
  assert.equal(found.get('hq')!.groups[0]!.tasks[0]!.env['VERSION'], '1.10')
})

const set = (path: string, value: string): string => `pools: ["shop-*"]\noverrides:\n  - pools: ["*"]\n    set:\n      ${path}: ${value}`

for (const [what, head, expected] of [
  [
    'no such group',
    set('groups.wbe.count', '2'),
    "6:7: overrides[0].set.groups.wbe.count: found the path 'groups.wbe.count', which names nothing: there is no groups.wbe (did you mean 'web'?); allowed: a path of this file",
  ],
  [
    'no such task',
    set('groups.web.tasks.ap.driver', 'docker'),
    "6:7: overrides[0].set.groups.web.tasks.ap.driver: found the path 'groups.web.tasks.ap.driver', which names nothing: there is no groups.web.tasks.ap (did you mean 'app'?); allowed: a path of this file",
  ],
  [
    'a new group',
    set('groups.db', '{}'),
    "6:7: overrides[0].set.groups.db: found the path 'groups.db', which names nothing: there is no groups.db; allowed: a path of this file",
  ],
  [
    'into a list',
    set('groups.web.tasks.app.config.args.0', 'z'),
    "6:7: overrides[0].set.groups.web.tasks.app.config.args.0: found the path 'groups.web.tasks.app.config.args.0', which leads into a value; allowed: a path that ends at groups.web.tasks.app.config.args: lists and texts are set as a whole",
  ],
  ['a bad value', set('groups.web.count', 'many'), '6:25: groups.web.count: found "many"; allowed: a whole number from 0 to 50000'],
  ['both keys', 'pool: hq\npools: [hq]', '2:1: pool: found pool and pools; allowed: one of them'],
  ['no pools', 'overrides: []', '1:1: pools: found nothing; allowed: a list of names of pools, * for any characters'],
  ['too many patterns', `pools: [${'hq, '.repeat(64)}hq]`, '2:8: pools: found 65 of them; allowed: at most 64, with * for many'],
  [
    'a pattern that is none',
    'pools: ["Shop"]',
    '2:9: pools[0]: found "Shop"; allowed: the name of a pool, * for any characters (a to z, 0 to 9 and dashes, at most 63 characters, no dash at either end)',
  ],
] as const)
  // prettier-ignore
  test(`one fault, once, at its line: ${what}`, async () => assert.deepEqual(await faults(head), [expected]))

test('a key that no job has is shown where the override says it, with the nearest one', async () => {
  const [only, ...others] = await faults(set('groups.web.cuont', '2'))
  assert.deepEqual(others, [])
  assert.match(only!, /^6:7: groups\.web\.cuont: found the unknown key 'cuont' \(did you mean 'count'\?\)/)
})

test('a path leads into the file and not into the program', async () => {
  assert.match(
    (await faults(set('__proto__.polluted', '2')))[0]!,
    /which names nothing: there is no __proto__; allowed: a path of this file$/,
  )
  assert.match(
    (await faults(set('groups.web.tasks.app.env.__proto__.polluted', '2')))[0]!,
    /there is no groups\.web\.tasks\.app\.env\.__proto__/,
  )
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined)
})

test('a broken group is told once for all pools', async () => {
  const found = await faults('pools: ["shop-*", hq]', 'groups: { web: { tasks: { app: { driver: rkt } } } }')
  assert.deepEqual([found.length, /driver: found "rkt"/.test(found[0]!)], [1, true])
})

test('the example', async () => {
  const read = await readJobFiles('o.yaml', readFileSync('examples/overrides.yaml', 'utf8'), here)
  assert.deepEqual(read.ok && read.specs.map(({ pool, priority, groups }) => [pool, priority, groups[0]!.count]), [['hq', 80, 1], ['shop-01', 50, 2], ['shop-17', 50, 1]]) // prettier-ignore
})
