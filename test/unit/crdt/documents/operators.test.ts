import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fleetFromRegisters, fleetGenesisRegisters } from '../../../../crdt/documents/fleet.ts'
import { opsDefaults, opsFromRegisters, opsPaths } from '../../../../crdt/documents/ops.ts'
import { checkRegister } from '../../../../crdt/documents/schema.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import { testSigner } from '../../../support/crypto.ts'

const admin = testSigner(1).operator

test('no wishes: admitted, eligible, not draining, of weight 0', () => {
  assert.deepEqual(opsFromRegisters(new Map()), opsDefaults)
})

test('wishes are read, odd ones as if they were not there, weights within bounds', () => {
  const registers = new Map<string, Scalar>([
    [opsPaths.evicted, true],
    [opsPaths.draining, 'yes'],
    [opsPaths.eligible, false],
    [opsPaths.weight, -1000],
    [opsPaths.label('a/b'), 'x'],
    [opsPaths.label('gone'), null],
    [opsPaths.label('odd'), 3],
  ])
  assert.deepEqual(opsFromRegisters(registers), {
    evicted: true,
    draining: false,
    drainIgnoresSystem: false,
    eligible: false,
    labels: { 'a/b': 'x' },
    weight: -100,
  })
})

test('every path of an ops document passes the gate', () => {
  const values: Record<string, Scalar> = { admitted: true, evicted: true, draining: true, eligible: true, weight: 5, by: 'me', note: 'why' }
  for (const path of Object.values(opsPaths))
    if (typeof path === 'string') assert.equal(checkRegister('ops', path, values[path] ?? null), null)
  assert.equal(checkRegister('ops', opsPaths.label('a/b%'), 'x'), null)
})

test('a new fleet has its name, one admin and the first plan version', () => {
  const registers = fleetGenesisRegisters({ name: 'bay', admin, adminName: 'ada' })
  for (const [path, value] of registers) assert.equal(checkRegister('fleet', path, value), null)
  assert.deepEqual(fleetFromRegisters(registers), {
    name: 'bay',
    planVersion: 1,
    operatorNames: new Map([[admin, 'ada']]),
  })
})
