import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkDefaults } from '../../../../../crdt/documents/defaults.ts'
import type { PortSpec } from '../../../../../crdt/spec.ts'
import { choosePorts } from '../../../../../node/core/allocs/ports.ts'
import { createRandom } from '../../../../../node/core/random.ts'
import { jobSpec } from '../../../../support/world.ts'

const groupWith = (ports: readonly PortSpec[]) => jobSpec({ group: { network: { ...networkDefaults, ports } } }).groups[0]!
const dynamic = (label: string): PortSpec => ({ label, static: null, to: null })
const random = () => createRandom(new Uint8Array([1]))

test('dynamic ports are free ones of the range, each once; all of a small range can be had', () => {
  const chosen = choosePorts(groupWith([dynamic('a'), dynamic('b')]), [100, 103], new Set([101, 102]), {}, random())
  assert.deepEqual(Object.values(chosen!).toSorted(), [100, 103])
})

test('a full range has none', () => {
  assert.equal(choosePorts(groupWith([dynamic('a')]), [100, 101], new Set([100, 101]), {}, random()), null)
})

test('ports that are held already stay, unless somebody else has them', () => {
  assert.equal(choosePorts(groupWith([dynamic('a')]), [100, 200], new Set(), { a: 150 }, random())!['a'], 150)
  assert.notEqual(choosePorts(groupWith([dynamic('a')]), [100, 200], new Set([150]), { a: 150 }, random())!['a'], 150)
})

test('a dynamic port is never one that the same group asks for by number', () => {
  const group = groupWith([dynamic('a'), { label: 'z', static: 100, to: null }])
  for (let seed = 0; seed < 20; seed++) {
    assert.deepEqual(choosePorts(group, [100, 101], new Set(), {}, createRandom(new Uint8Array([seed]))), { a: 101, z: 100 })
  }
})
