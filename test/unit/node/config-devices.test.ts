// What a board's owner says of devices: nothing means none, and what is unclear is refused at the start.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { loadConfig } from '../../../node/config.ts'
import { watchDevices } from '../../../node/watch-devices.ts'
import type { FoundDevice } from '../../../node/core/ports.ts'
import { adapter } from '../../support/devices.ts'
import { FakeClock } from '../../support/loop-bench.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-config-'))
after(() => rmSync(folder, { recursive: true }))

function load(devices: string): ReturnType<typeof loadConfig> {
  const path = join(folder, 'agent.yaml')
  writeFileSync(path, devices === '' ? '{}' : `devices: ${devices}\n`)
  return loadConfig(['--config', path], { HOME: folder })
}

function devicesOf(text: string): unknown {
  const loaded = load(text)
  assert.ok(loaded.ok && loaded.value.kind === 'run', JSON.stringify(loaded))
  return loaded.value.config.devices
}

test('off unless it is said', () => {
  const none = { allow: [], deny: [], declare: [], sysfs: '/sys', dev: '/dev' }
  assert.deepEqual(devicesOf(''), none)
  assert.deepEqual(devicesOf('{ allow: [serial, 0403/*/*], deny: ["*/usb/x"], declare: [{ path: /dev/ttyS0, type: till }] }'), {
    ...none,
    allow: ['serial', '0403/*/*'],
    deny: ['*/usb/x'],
    declare: [{ path: '/dev/ttyS0', type: 'till', vendor: 'local', model: 'declared', attributes: {} }],
  })
})

for (const [what, text, fault] of [
  ['a pattern that no name fits', '{ allow: [a/b/c/d] }', /devices\.allow: .* is not a list of devices as type/],
  [
    'one device twice',
    '{ declare: [{ path: /dev/a, type: t }, { path: /dev/a, type: u }] }',
    /devices\.declare: .* is not a list of different devices/,
  ],
  ['two that would have one key', '{ declare: [{ path: /dev/a/b, type: t }, { path: /dev/a.b, type: t }] }', /devices\.declare/],
  ['a comma in a path', '{ declare: [{ path: "/dev/a,b", type: t }] }', /devices\.declare/],
  ['a file elsewhere', '{ declare: [{ path: /etc/passwd, type: t }] }', /devices\.declare/],
  ['a way out of /dev', '{ declare: [{ path: /dev/../etc/passwd, type: t }] }', /devices\.declare/],
  ['no type', '{ declare: [{ path: /dev/a }] }', /devices\.declare/],
  ['an unknown key', '{ declare: [{ path: /dev/a, type: t, modle: x }] }', /devices\.declare/],
] as const)
  test(`refused: ${what}`, () => {
    const loaded = load(text)
    assert.ok(!loaded.ok)
    assert.match(loaded.message, fault)
  })

test('the core is told of the first look, and of each that is different; one without an answer tells nothing', async () => {
  const answers: (readonly FoundDevice[] | null)[] = [null, [], [], null, [adapter(1)], [adapter(1)], []]
  const told: unknown[] = []
  const clock = new FakeClock()
  const end = watchDevices({
    finder: { find: () => Promise.resolve(answers.shift() ?? null) },
    clock,
    push: (event) => void told.push(event.kind === 'devices' ? event.found.length : event.kind),
  })
  for (let look = 0; look < 8; look++) {
    await new Promise((resolve) => setImmediate(resolve))
    clock.advance(5_000)
  }
  end()
  assert.deepEqual(told, [0, 1, 0])
})
