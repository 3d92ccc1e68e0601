import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { fleetFromRegisters } from '../../../crdt/documents/fleet.ts'
import { nodeFromRegisters, nodeToRegisters } from '../../../crdt/documents/node.ts'
import { opsFromRegisters } from '../../../crdt/documents/ops.ts'
import { checkRegister } from '../../../crdt/documents/schema.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import { type Registers, type Scalar, difference } from '../../../crdt/registers.ts'
import { anyRecord, recordNodes } from '../../support/record-arbitraries.ts'

const node = recordNodes[0] as NodeId

test('a node record read back from its registers is the same one, and passes the gate', () => {
  fc.assert(
    fc.property(anyRecord(node), (record) => {
      const registers = nodeToRegisters(record)
      assert.deepEqual(nodeFromRegisters(node, registers), record)
      for (const [path, value] of registers) assert.equal(checkRegister('node', path, value), null)
    }),
    { numRuns: 300 },
  )
})

test('from any record to any other by writing what differs', () => {
  fc.assert(
    fc.property(anyRecord(node), anyRecord(node), (from, to) => {
      const registers = nodeToRegisters(from)
      const after = new Map([...registers, ...difference(registers, nodeToRegisters(to))])
      assert.deepEqual(nodeFromRegisters(node, after), to)
    }),
    { numRuns: 100 },
  )
})

const claimPath = fc.constantFrom(
  'claim/default/shop/web/0/',
  'verdict/default/shop/web/0/',
  'claim/default/shop/web/x/',
  'claim/a/',
  '',
  'driver/',
  'operator/',
  'receipt/',
  'label/',
)
const field = fc.oneof(
  fc.constantFrom(
    'alloc',
    'generation',
    'version',
    'form',
    'state',
    'task',
    'port',
    'over',
    '__proto__',
    'healthy',
    'weight',
    'role',
    'addresses',
    'dynamic_ports/first',
  ),
  fc.string({ maxLength: 6 }),
)
const path = fc
  .tuple(claimPath, field, fc.constantFrom('', '/x', '/state', `/${recordNodes[1]}`, '/', '/0123456789abcdef/verdict'))
  .map((parts) => parts.join(''))
const value = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.json(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
) as fc.Arbitrary<Scalar>

test('no registers, however odd, make reading throw; what it gives can be written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, value), { maxLength: 40 }), anyRecord(node), (odd, record) => {
      const registers: Registers = new Map([...nodeToRegisters(record), ...odd])
      for (const [one, scalar] of registers) checkRegister('node', one, scalar)
      for (const scalar of nodeToRegisters(nodeFromRegisters(node, registers)).values()) assert.notEqual(scalar, undefined)
      opsFromRegisters(registers)
      fleetFromRegisters(registers)
    }),
    { numRuns: 300 },
  )
})

test('what a node writes always passes the gate, whatever its board and its engines say of themselves', () => {
  const text = fc.oneof(
    fc.string({ maxLength: 40, unit: 'binary' }),
    fc.string({ minLength: 1500, maxLength: 1500, unit: 'grapheme' }),
    fc.constant('\ud800\n\0'),
  )
  fc.assert(
    fc.property(anyRecord(node), text, fc.dictionary(text, text, { maxKeys: 3 }), (record, odd, labels) => {
      const drivers = { docker: { healthy: false, reason: odd } }
      for (const [one, scalar] of nodeToRegisters({ ...record, name: odd, labels, attributes: labels, drivers, images: [odd] })) {
        assert.equal(checkRegister('node', one, scalar), null)
      }
    }),
    { numRuns: 100 },
  )
})
