import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Device } from '../../../crdt/devices.ts'
import { chooseDevices, deviceNeeds } from '../../../scheduler/devices.ts'
import { ask, deviceJob } from '../../support/devices.ts'

const device = (key: string, more: Partial<Device> = {}): Device => ({
  key,
  type: 'serial',
  vendor: 'a',
  model: 'm',
  fault: '',
  attributes: {},
  ...more,
})
const needs = (...asks: Parameters<typeof ask>[0][]) => deviceNeeds(deviceJob(asks.map(ask)).groups[0]!)
const free = { isFree: () => true }
const keys = (...args: Parameters<typeof chooseDevices>) => chooseDevices(...args)?.map(({ key }) => key) ?? null

test('all instances of a request are of one model', () => {
  const mixed = [device('1'), device('2', { model: 'n' }), device('3', { model: 'n' })]
  assert.deepEqual(keys(needs({ count: 2 }), mixed, free), ['2', '3'])
  assert.equal(keys(needs({ count: 3 }), mixed, free), null)
})

test('by type, vendor and model, and by what each says of itself', () => {
  const all = [device('1', { vendor: 'b' }), device('2', { attributes: { serial: 'S' } }), device('3', { type: 'gpu' })]
  const rule = (attribute: string, value: string) => ({ attribute, operator: '=', value }) as const
  assert.deepEqual(keys(needs({ name: 'a/serial/m' }), all, free), ['2'])
  assert.deepEqual(keys(needs({ name: 'gpu' }), all, free), ['3'])
  assert.equal(keys(needs({ name: 'a/serial/other' }), all, free), null)
  assert.deepEqual(keys(needs({ constraints: [rule('${device.attr.serial}', 'S')] }), all, free), ['2'])
  assert.deepEqual(keys(needs({ constraints: [rule('${device.vendor}', 'b')] }), all, free), ['1'])
  assert.equal(keys(needs({ constraints: [rule('${device.attr.constructor}', 'x')] }), all, free), null)
})

test('who has the least choice chooses first, and nobody takes what another needs', () => {
  const all = [device('1'), device('2', { vendor: 'b' })]
  assert.deepEqual(keys(needs({ name: 'serial' }, { name: 'a/serial' }), all, free), ['2', '1'])
  const three = [device('1'), device('2'), device('3', { vendor: 'b', model: 'x' })]
  assert.deepEqual(keys(needs({ name: 'serial' }, { name: 'a/serial', count: 2 }), three, free), ['3', '1', '2'])
  assert.equal(keys(needs({ name: 'serial', count: 2 }, { name: 'a/serial' }), three, free), null)
})

test('what is near is taken first, and the same whatever the order', () => {
  const all = [device('1'), device('2'), device('3')]
  const distance = (_need: unknown, key: string): number => (key === '3' ? 0 : 1)
  for (const devices of [all, all.toReversed()]) assert.deepEqual(keys(needs({ count: 2 }), devices, { ...free, distance }), ['1', '3'])
})

test('many of a kind are one question: what cannot be had is known at once, and what can is found', () => {
  const all = Array.from({ length: 64 }, (_, at) => device(String(at), { vendor: at < 3 ? 'b' : 'a' }))
  assert.equal(keys(needs({ count: 33 }, { name: 'a/serial', count: 32 }), all, free), null)
  const some = needs({ name: 'serial', count: 20 }, { name: 'a/serial', count: 20 }, { name: 'a/serial/m', count: 20 })
  assert.equal(keys(some, all, free)?.length, 60)
  const even = Array.from({ length: 24 }, (_, at) => device(String(at), { attributes: { n: String(at % 2) } }))
  const odd = { attribute: '${device.attr.n}', operator: '=', value: '1' } as const
  assert.equal(keys(needs({ count: 12 }, { name: 'a/serial', count: 12, constraints: [odd] }), even, free)?.length, 24)
})

test('a question without an end is not asked for ever', () => {
  const all = Array.from({ length: 64 }, (_, at) => device(String(at), { attributes: { n: String(at) } }))
  const never = { attribute: '${device.attr.n}', operator: '<', value: '32' } as const
  assert.equal(keys(needs({ count: 32 }, { name: 'a/serial', count: 33 }), all, free), null)
  assert.equal(keys(needs({ count: 20, constraints: [never] }, { name: 'a/serial', count: 20, constraints: [never] }), all, free), null)
})
