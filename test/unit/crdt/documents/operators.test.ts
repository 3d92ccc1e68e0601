import assert from 'node:assert/strict'
import { test } from 'node:test'

import { admissionMode, fleetFromRegisters, fleetGenesisRegisters, tokensFromRegisters } from '../../../../crdt/documents/fleet.ts'
import { opsDefaults, opsFromRegisters, opsPaths } from '../../../../crdt/documents/ops.ts'
import { checkRegister } from '../../../../crdt/documents/schema.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import type { PoolName, TokenId } from '../../../../crdt/ids.ts'
import { testSigner } from '../../../support/crypto.ts'

const admin = testSigner(1).operator

test('no wishes: admitted, eligible, not draining, of weight 0', () => {
  assert.deepEqual(opsFromRegisters(new Map()), opsDefaults)
})

test('wishes are read, odd ones as if they were not there, weights within bounds', () => {
  const registers = new Map<string, Scalar>([
    [opsPaths.admitted, 'shop'],
    [opsPaths.evicted, true],
    [opsPaths.draining, 'yes'],
    [opsPaths.eligible, false],
    [opsPaths.weight, -1000],
    [opsPaths.label('a/b'), 'x'],
    [opsPaths.label('gone'), null],
    [opsPaths.label('odd'), 3],
  ])
  assert.deepEqual(opsFromRegisters(registers), {
    admitted: 'shop',
    evicted: true,
    replacedBy: [],
    name: '',
    draining: false,
    drainIgnoresSystem: false,
    drain: null,
    leaving: null,
    eligible: false,
    out: new Set(),
    labels: { 'a/b': 'x' },
    unset: new Set(),
    weight: -100,
  })
})

test('who has taken its place is read in order, and what is no board or no name as if it were not there', () => {
  const [first, second] = [testSigner(7).node, testSigner(8).node].toSorted()
  const registers = new Map<string, Scalar>([
    [opsPaths.replacedBy(second!), true],
    [opsPaths.replacedBy(first!), true],
    [opsPaths.replacedBy(testSigner(9).node), 'yes'],
    [opsPaths.replacedBy('nobody'), true],
    [opsPaths.name, 'till-7'],
  ])
  const { replacedBy, name } = opsFromRegisters(registers)
  assert.deepEqual([replacedBy, name], [[first, second], 'till-7'])
  for (const odd of [7, true, 'two\nlines', 'x'.repeat(10_000)]) assert.equal(opsFromRegisters(new Map([[opsPaths.name, odd]])).name, '')
})

test('how it drains: nothing without a drain, of one from before, or where it leaves; odd values as if they were not there', () => {
  const drainOf = (registers: readonly (readonly [string, Scalar])[]) => opsFromRegisters(new Map(registers)).drain
  const [draining, said] = [[opsPaths.draining, true] as const, [opsPaths.drainSaidAtMs, 5] as const]
  assert.equal(drainOf([draining]), null)
  assert.equal(drainOf([said]), null)
  assert.equal(drainOf([draining, said, [opsPaths.leave, true]]), null)
  assert.deepEqual(drainOf([draining, said]), { saidAtMs: 5, deadlineMs: null, message: '' })
  const whole = [draining, said, [opsPaths.drainDeadlineMs, 0], [opsPaths.drainMessage, 'worn']] as const
  assert.deepEqual(drainOf(whole), { saidAtMs: 5, deadlineMs: 0, message: 'worn' })
  const odd = [draining, said, [opsPaths.drainDeadlineMs, -1], [opsPaths.drainMessage, 'two\nlines']] as const
  assert.deepEqual(drainOf(odd), { saidAtMs: 5, deadlineMs: null, message: '' })
})

test('labels of its own configuration that count no more are known by name, whatever letters that has', () => {
  const registers = new Map<string, Scalar>([
    [opsPaths.unset('a/b'), true],
    [opsPaths.unset('back'), null],
    [opsPaths.unset('odd'), 'yes'],
    ['x/unset/%zz', true],
  ])
  assert.deepEqual([...opsFromRegisters(registers).unset], ['a/b'])
})

test('to leave is part of a drain: without it the wish is none, and an odd deadline is as none', () => {
  const leaving = (registers: readonly (readonly [string, Scalar])[]) => opsFromRegisters(new Map(registers)).leaving
  const [draining, leave] = [[opsPaths.draining, true] as const, [opsPaths.leave, true] as const]
  assert.deepEqual(leaving([draining, leave]), { deadlineMs: null })
  assert.deepEqual(leaving([draining, leave, [opsPaths.leaveDeadlineMs, 0]]), { deadlineMs: 0 })
  assert.deepEqual(leaving([draining, leave, [opsPaths.leaveDeadlineMs, 'soon']]), { deadlineMs: null })
  for (const less of [[draining], [leave], [[opsPaths.draining, false] as const, leave]]) assert.equal(leaving(less), null)
})

test('every path of an ops document passes the gate', () => {
  const values: Record<string, Scalar> = {
    admitted: 'shop',
    'x/certificate': 'c2hvd24=',
    [opsPaths.replacedBy(testSigner(7).node)]: true,
    'x/name': 'till-7',
    evicted: true,
    draining: true,
    eligible: true,
    weight: 5,
    by: 'me',
    note: 'why',
  }
  for (const path of Object.values(opsPaths))
    if (typeof path === 'string') assert.equal(checkRegister('ops', path, values[path] ?? null), null)
  assert.equal(checkRegister('ops', opsPaths.label('a/b%'), 'x'), null)
  assert.notEqual(checkRegister('ops', opsPaths.admitted, true), null, 'into which pool is part of the word')
})

test('a fleet that begins with a token is certified, and its terms pass the gate', () => {
  const id = testSigner(2).id as string as TokenId
  const terms = { id, name: 'first', pool: 'shop' as PoolName, mode: 'waiting-room', count: 3, untilMs: 5 } as const
  const registers = fleetGenesisRegisters({ name: 'bay', admin, adminName: 'ada', tokens: [terms] })
  for (const [path, value] of registers) assert.equal(checkRegister('fleet', path, value), null)
  assert.equal(admissionMode(registers), 'certified')
  assert.deepEqual([...tokensFromRegisters(registers).values()], [terms])
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
