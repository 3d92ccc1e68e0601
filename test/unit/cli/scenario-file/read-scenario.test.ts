// Scenario files: what they mean, and every fault with its place.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFileSync, readdirSync } from 'node:fs'
import { faultLine } from '../../../../cli/job-file/fault.ts'
import { readScenario } from '../../../../cli/scenario-file/read-scenario.ts'
import { scenarioTemplate } from '../../../../cli/scenario-file/template.ts'

function faultsOf(text: string): string[] {
  const read = readScenario('s.yaml', text)
  return read.ok ? [] : read.faults.map(faultLine)
}

test('boards, links and timeline become plain steps in order of time', () => {
  const read = readScenario(
    's.yaml',
    `
scenario: two sites
seed: 7
boards:
  - { name: "n-{1..2}", labels: { site: north }, memory: 512 MiB, drivers: [docker] }
  - { name: s, pool: edge }
links: { delay: 100ms, loss: 3 }
jobs: [{ file: web.yaml, at: 5s, via: s }]
timeline:
  - { at: 2m, heal: all }
  - { at: 1m, cut: [s, others], one_way: true }
  - { at: 1m, flap: [[n-1], n-2], every: 10s, for: 20s }
  - { at: 90s, stop: shop/web, via: n-1 }
  - { at: 3m, disk_full: site=north }
`,
  )
  assert.ok(read.ok, JSON.stringify(read))
  const { boards, steps, ...rest } = read.plan
  assert.deepEqual(rest, { name: 'two sites', seed: 7, delayMs: 100, lossPercent: 3, durationMs: 180_000 + 120_000 })
  assert.deepEqual(
    boards.map(({ name, pool, drivers, capacity }) => [name, pool, drivers, capacity.memoryMib]),
    [
      ['n-1', 'default', ['docker'], 512],
      ['n-2', 'default', ['docker'], 512],
      ['s', 'edge', ['docker', 'raw_exec'], 1_024],
    ],
  )
  const pair = { from: ['n-1'], to: ['n-2'] }
  const everybody = ['n-1', 'n-2', 's']
  assert.deepEqual(steps, [
    { atMs: 5_000, kind: 'run-file', file: 'web.yaml', via: 's' },
    { atMs: 60_000, kind: 'cut', from: ['s'], to: ['n-1', 'n-2'], oneWay: true },
    { atMs: 60_000, kind: 'cut', ...pair, oneWay: false },
    { atMs: 65_000, kind: 'heal', ...pair },
    { atMs: 70_000, kind: 'cut', ...pair, oneWay: false },
    { atMs: 75_000, kind: 'heal', ...pair },
    { atMs: 90_000, kind: 'stop', job: 'shop/web', via: 'n-1' },
    { atMs: 120_000, kind: 'heal', from: everybody, to: everybody },
    { atMs: 180_000, kind: 'disk-full', boards: ['n-1', 'n-2'] },
  ])
})

test('devices of boards', () => {
  const text = (devices: string): string => `scenario: s\nboards:\n  - { name: a, devices: ${devices} }\n  - { name: b }\njobs: []\n`
  const read = readScenario('s.yaml', text('[{ name: 0403/serial/6001, attributes: { serial: A1 } }, { name: v/usb/m, key: k }]'))
  assert.ok(read.ok, JSON.stringify(read))
  assert.deepEqual(
    read.plan.boards.map(({ devices }) => devices),
    [
      [
        { key: 'device-0', vendor: '0403', type: 'serial', model: '6001', attributes: { serial: 'A1' }, path: '/dev/device-0' },
        { key: 'k', vendor: 'v', type: 'usb', model: 'm', attributes: {}, path: '/dev/k' },
      ],
      undefined,
    ],
  )
  assert.match(
    faultsOf(text('[{ name: serial }]')).join(),
    /boards\[0\]\.devices\[0\]\.name: found 'serial', 'device-0'; allowed: vendor\/type\/model/,
  )
})

test('lines, names, addresses and boards that come later', () => {
  const id = '12D3KooWCQryZ5BMkxk5kBPxdHychxxuJY9jNynGQQ5h5aT6yzJk'
  const keyless = `12D3KooW${'1'.repeat(44)}`
  const read = readScenario(
    's.yaml',
    `
boards:
  - { name: a, id: ${id}, bandwidth: 64 kbit/s }
  - { name: b, joins: 3m }
timeline:
  - { at: 1m, uplink: b, bandwidth: 1.5 Mbit/s }
  - { at: 2m, uplink: b }
  - { at: 3m, line: [a, others], delay: 2s, loss: 20 }
  - { at: 4m, line: [a, b] }
  - { at: 5m, dns: hangs, on: a }
  - { at: 6m, new_address: all }
`,
  )
  assert.ok(read.ok, JSON.stringify(read))
  const sides = { from: ['a'], to: ['b'] }
  assert.deepEqual(
    read.plan.boards.map((board) => [board.name, board.id, board.kbitPerS, board.joinsMs]),
    [
      ['a', id, 64, 0],
      ['b', null, null, 180_000],
    ],
  )
  assert.deepEqual(read.plan.steps, [
    { atMs: 60_000, kind: 'uplink', boards: ['b'], kbitPerS: 1_500 },
    { atMs: 120_000, kind: 'uplink', boards: ['b'], kbitPerS: null },
    { atMs: 180_000, kind: 'line', ...sides, delayMs: 2_000, lossPercent: 20 },
    { atMs: 240_000, kind: 'line', ...sides, delayMs: 0, lossPercent: 0 },
    { atMs: 300_000, kind: 'dns', boards: ['a'], state: 'hangs' },
    { atMs: 360_000, kind: 'new-address', boards: ['a', 'b'] },
  ])
  assert.deepEqual(
    faultsOf(`boards: [{ name: "c-{1..2}", id: ${id} }, { name: d, id: me }, { name: e, bandwidth: 8 }]
timeline:
  - { at: 1s, dns: maybe }
  - { at: 1s, uplink: c-1, delay: 2s }
`).map((line) => line.replace(/; allowed.*/, '')),
    ['s.yaml:1:133: boards[2].bandwidth: found 8', 's.yaml:3:20: timeline[0].dns: found "maybe"'],
  )
  assert.deepEqual(
    faultsOf(`boards: [{ name: "c-{1..2}", id: ${id} }, { name: d, id: me }, { name: e, id: ${keyless} }]
timeline: [{ at: 1s, uplink: c-1, delay: 2s }]
`).map((line) => line.replace(/; allowed.*/, '')),
    [
      's.yaml:1:34: boards[0].id: found one id for 2 boards',
      "s.yaml:1:105: boards[1].id: found 'me'",
      `s.yaml:1:126: boards[2].id: found '${keyless}'`,
      "s.yaml:2:42: timeline[0].delay: found 'delay' beside uplink",
    ],
  )
})

test('wrong shapes: every fault at once, with its place and the nearest word', () => {
  assert.deepEqual(
    faultsOf(`boards:
  - { name: a, memory: 64 }
  - { labels: { x: y } }
timeline:
  - { at: 5, cut: [a] }
  - { at: 1m, power_of: a }
`),
    [
      "s.yaml:2:24: boards[0].memory: found 64; allowed: a size with its unit (MiB, GiB, TiB), such as 64 MiB; write '64 MiB' or '64 GiB'",
      's.yaml:3:5: boards[1].name: found nothing; allowed: a name, or several: shop-{1..3}',
      "s.yaml:5:11: timeline[0].at: found 5; allowed: a duration with its unit (ms, s, m, h, d), such as 30s or 1h30m; write '5s' or '5ms'",
      's.yaml:5:19: timeline[0].cut: found a list; allowed: two sides, such as [site=north, site=south] or [shop-1, others]; each boards: a name, a pattern such as shop-*, a label such as site=north, all, or a list of these',
      "s.yaml:6:15: timeline[1].power_of: found the unknown key 'power_of' (did you mean 'power_on'?); allowed: at, bandwidth, count, crash, cut, delay, disk_broken, disk_free, disk_full, disk_read_only, dns, drain, eligible, every, evict, flap, for, heal, image_found, image_missing, ineligible, kill, line, loss, new_address, on, one_way, pause, power_cut, power_on, remove, run, scale, start, stop, stop_copy, undrain, unevict, uplink, via",
    ],
  )
})

test('words that mean nobody, company that does not fit, boards twice', () => {
  assert.deepEqual(
    faultsOf(`boards: [{ name: shop-1 }, { name: shop-2 }, { name: "shop-{2..3}" }]
jobs: [{ file: x.yaml, via: shop-* }]
timeline:
  - { at: 1s, kill: shop1 }
  - { at: 1s, kill: shop-1, start: shop-2 }
  - { at: 1s }
  - { at: 1s, pause: shop-1 }
  - { at: 1s, drain: shop-1, for: 3s }
  - { at: 1s, flap: [shop-1, others], every: 1ms, for: 1h }
  - { at: 1s, crash: web, on: site=x }
`).map((line) => line.replace(/; allowed.*/, '')),
    [
      "s.yaml:1:54: boards[2].name: found 'shop-2' a second time",
      "s.yaml:2:29: jobs[0].via: found 'shop-*'",
      "s.yaml:4:21: timeline[0].kill: found 'shop1', which is no board (did you mean 'shop-1'?)",
      "s.yaml:5:36: timeline[1].start: found 'kill' and 'start'",
      's.yaml:6:5: timeline[2]: found nothing that happens',
      "s.yaml:7:22: timeline[3].pause: found pause without 'for'",
      "s.yaml:8:35: timeline[4].for: found 'for' beside drain",
      's.yaml:9:46: timeline[5].every: found 3600000 cuts',
      "s.yaml:10:31: timeline[6].on: found 'site=x', which is no board",
    ],
  )
})

test('copies that run already, and orders about groups, slots and boards', () => {
  const read = readScenario(
    's.yaml',
    `boards: [{ name: "n-{1..2}" }]
jobs: [{ file: x.yaml, via: n-1, placed: { main/0: n-2, main/10: n-1 } }]
timeline:
  - { at: 1s, scale: web/main, count: 3 }
  - { at: 2s, stop_copy: shop/web/main/7, via: n-1 }
  - { at: 3s, evict: n-* }
  - { at: 4s, ineligible: n-1 }
`,
  )
  assert.ok(read.ok, JSON.stringify(read))
  const placed = new Map([
    ['main/0', 'n-2'],
    ['main/10', 'n-1'],
  ])
  assert.deepEqual(read.plan.steps, [
    { atMs: 0, kind: 'run-file', file: 'x.yaml', via: 'n-1', placed },
    { atMs: 1_000, kind: 'scale', job: 'default/web', group: 'main', count: 3, via: null },
    { atMs: 2_000, kind: 'stop-copy', slot: 'shop/web/main/7', via: 'n-1' },
    { atMs: 3_000, kind: 'evict', boards: ['n-1', 'n-2'], via: null },
    { atMs: 4_000, kind: 'ineligible', boards: ['n-1'], via: null },
  ])
  assert.deepEqual(
    faultsOf(`boards: [{ name: n }]
jobs: [{ file: x.yaml, at: 1s, placed: { main/0: m } }]
timeline:
  - { at: 1s, scale: main, count: 3 }
  - { at: 1s, scale: web/main }
  - { at: 1s, stop_copy: main/0 }
`),
    [
      "s.yaml:2:28: jobs[0].at: found 'at' beside placed; allowed: one of them: what is placed runs already at 0:00",
      "s.yaml:2:50: jobs[0].placed.main/0: found 'm'; allowed: the name of one board of this file",
      "s.yaml:4:22: timeline[0].scale: found 'main'; allowed: a group of a job, such as web/main",
      "s.yaml:5:22: timeline[1].scale: found scale without 'count'; allowed: 'count' beside it",
      "s.yaml:6:26: timeline[2].stop_copy: found 'main/0'; allowed: a slot of a job, such as web/main/0",
    ],
  )
})

test('what could never be seen is refused: after the end, a board and itself, switched on while it runs', () => {
  assert.deepEqual(
    faultsOf(`duration: 3m
boards: [{ name: "n-{1..2}" }, { name: late, joins: 4m }, { name: south, labels: { site: south } }]
jobs: [{ file: x.yaml, at: 1h }]
timeline:
  - { at: 20m, kill: n-1 }
  - { at: 1m, cut: [n-1, n-1] }
  - { at: 1m, heal: [all, others] }
  - { at: 1m, power_on: n-1 }
  - { at: 2m, power_cut: n-1 }
  - { at: 2m10s, power_on: all }
  - { at: 2m20s, start: n-* }
  - { at: 2m, flap: [n-1, n-2], every: 30s, for: 2m }
  - { at: 3m, kill: n-2 }
`),
    [
      "s.yaml:2:53: boards[1].joins: found 4m, after the end; allowed: 0s to 3m, or a longer 'duration'",
      "s.yaml:3:8: jobs[0]: found what happens at 1h, after the end; allowed: 0s to 3m, or a longer 'duration'",
      "s.yaml:5:5: timeline[0]: found what happens at 20m, after the end; allowed: 0s to 3m, or a longer 'duration'",
      's.yaml:6:20: timeline[1].cut: found a board and itself; allowed: two sides with a board each that the other is not',
      's.yaml:7:21: timeline[2].heal: found a board and itself; allowed: two sides with a board each that the other is not',
      "s.yaml:8:25: timeline[3].power_on: found n-1, which runs at 1m; allowed: a board that is off by then: say 'power_cut' before",
      "s.yaml:11:25: timeline[6].start: found boards that all run at 2m20s; allowed: a board that is off by then: say 'kill' before",
      "s.yaml:12:5: timeline[7]: found what happens at 3m15s, after the end; allowed: 0s to 3m, or a longer 'duration'",
    ],
  )
})

test('what sim init writes, and every example, reads without a fault', () => {
  assert.deepEqual(faultsOf(scenarioTemplate('job.yaml')), [])
  const folder = 'examples/scenarios'
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml') && !file.includes('job'))
  assert.ok(files.length >= 12)
  for (const file of files) assert.deepEqual(faultsOf(readFileSync(`${folder}/${file}`, 'utf8')), [], file)
})
