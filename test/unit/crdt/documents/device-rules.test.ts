import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DeviceAsk } from '../../../../crdt/devices.ts'
import { isDevicePath } from '../../../../crdt/devices.ts'
import { readDevices, readHeld } from '../../../../crdt/documents/device-codec.ts'
import { formOf } from '../../../../crdt/documents/form.ts'
import { checkSpec } from '../../../../crdt/documents/job-rules.ts'
import { nodeFromRegisters } from '../../../../crdt/documents/node.ts'
import { registerTree } from '../../../../crdt/documents/register-tree.ts'
import { specToRegisters } from '../../../../crdt/documents/spec-writer.ts'
import type { NodeId } from '../../../../crdt/ids.ts'
import type { JobSpec } from '../../../../crdt/spec.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { ask, deviceJob } from '../../../support/devices.ts'
import { jobSpec } from '../../../support/world.ts'

const faults = (spec: JobSpec): string =>
  checkSpec(spec)
    .map(({ path, found, allowed }) => `${path}: found ${found}; allowed: ${allowed}`)
    .join('\n')
const rule = (attribute: string, operator: DeviceAsk['constraints'][number]['operator'] = '=', value = 'x') => ({
  attribute,
  operator,
  value,
})

test('good requests', () => {
  const all = [
    ask(),
    ask({ name: '0403/serial', count: 3 }),
    ask({ name: 'a.b/c-d/e+f', constraints: [rule('${device.attr.serial}', 'regexp', '^A'), rule('${device.key}', 'is_set', '')] }),
  ]
  assert.equal(faults(deviceJob(all)), '')
})

for (const [what, asks, fault] of [
  ['no such name', [ask({ name: 'a/b/c/d' })], /resources\/devices\/0\/name: found "a\/b\/c\/d"; allowed: type, vendor\/type/],
  ['a name that no list of paths can be', [ask({ name: 'a,b' })], /devices\/0\/name/],
  ['one name twice', [ask(), ask()], /devices\/1\/name: found name "serial" a second time/],
  [
    'two names of one variable',
    [ask({ name: 'a-b/serial' }), ask({ name: 'a.b/serial' })],
    /devices\/1\/name: .* a name whose variable, SHOAL_DEVICE_a_b_serial, is not that of a-b\/serial/,
  ],
  ['none of them', [ask({ count: 0 })], /devices\/0\/count: found 0; allowed: 1 to 64/],
  ['too many requests', Array.from({ length: 9 }, (_, at) => ask({ name: `t${at}` })), /resources\/devices: found 9; allowed: 0 to 8/],
  ['a constraint on boards', [ask({ constraints: [rule('${attr.cpu.arch}')] })], /constraints\/0\/attribute: .* allowed: \$\{device\.attr/],
  ['a constraint on copies', [ask({ constraints: [rule('', 'distinct_hosts', '')] })], /constraints\/0\/operator: found "distinct_hosts"/],
  ['a broken pattern', [ask({ constraints: [rule('${device.attr.a}', 'regexp', '(')] })], /constraints\/0\/value/],
] as const)
  test(`refused: ${what}`, () => assert.match(faults(deviceJob(asks)), fault))

test('a poststop task has none', () => {
  const spec = deviceJob()
  const groups = spec.groups.map((group) => {
    const [task] = group.tasks
    const last = { ...task!, name: 'last', lifecycle: { hook: 'poststop', sidecar: false } as const }
    return { ...group, tasks: [{ ...jobSpec().groups[0]!.tasks[0]! }, last] }
  })
  assert.match(faults({ ...spec, groups }), /resources\/devices: found devices; allowed: nothing in a poststop task/)
})

test('a job without requests is written, and has the form that it had, as if there were none; each part of a request is part of the form', () => {
  const form = (spec: JobSpec): string => formOf(testCrypto(), spec, spec.groups[0]!)
  assert.equal(
    [...specToRegisters(jobSpec()).keys()].some((path) => path.includes('devices')),
    false,
  )
  assert.equal(form(deviceJob([])), form(jobSpec()))
  const forms = [
    jobSpec(),
    deviceJob(),
    deviceJob([ask({ count: 2 })]),
    deviceJob([ask({ name: 'usb' })]),
    deviceJob([ask({ constraints: [rule('${device.attr.a}')] })]),
  ].map(form)
  assert.equal(new Set(forms).size, 5)
})

test('whatever a stranger writes of devices is borne, and what is none is passed over', () => {
  const good = JSON.stringify(['serial', '0403', '6001', '', 'serial', 'A1'])
  const registers = new Map<string, string | number>([
    ['x/device/a', good],
    ['x/device/b', 7],
    ['x/device/c', '{"no":"list"}'],
    ['x/device/d', JSON.stringify(['serial', '0403'])],
    ['x/device/e', JSON.stringify(['se/rial', '0403', '6001', ''])],
    ['x/device/f', JSON.stringify(['serial', '0403', '6001', '\u0007'])],
    ['x/device/g,h', good],
    ['x/device/a/deeper', good],
    ['x/devices_held/default/web/g/0', '["ok","not,ok",7]'],
  ])
  const { devices } = nodeFromRegisters('12D3KooW' as NodeId, registers)
  assert.deepEqual(devices, [{ key: 'a', type: 'serial', vendor: '0403', model: '6001', fault: '', attributes: { serial: 'A1' } }])
  const many = new Map(Array.from({ length: 100 }, (_, at) => [`k${at}`, good]))
  assert.equal(readDevices(registerTree(many, '')).length, 64)
  const held = (value: string | number) => readHeld(registerTree(new Map([['at', value]]), '').children.get('at'))
  assert.deepEqual([held('["b","a","a"]'), held('["b",7]'), held(7), held('["x,y"]')], [{ devices: ['a', 'b'] }, {}, {}, {}])
})

test('paths', () => {
  const good = ['/dev/ttyUSB0', '/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0']
  const bad = ['/dev/a,b', '/dev/../etc/passwd', 'dev/tty', '/dev/a b', '', 7, null]
  assert.deepEqual([...good, ...bad].map(isDevicePath), [...good.map(() => true), ...bad.map(() => false)])
})
