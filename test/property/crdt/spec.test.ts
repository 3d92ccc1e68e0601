import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { specToRegisters } from '../../../crdt/documents/job.ts'
import { specFaults, specFromRegisters } from '../../../crdt/documents/spec-faults.ts'
import { formOf } from '../../../crdt/documents/form.ts'
import { checkRegister } from '../../../crdt/documents/schema.ts'
import { readSpec } from '../../../crdt/documents/spec-reader.ts'
import { type Registers, type Scalar, difference } from '../../../crdt/registers.ts'
import { testCrypto } from '../../support/crypto.ts'
import { sampleGroup, sampleJob, sampleTask } from '../../../simulator/sample-job.ts'
import { anySpec } from '../../support/spec-arbitraries.ts'

const crypto = testCrypto()

function apply(registers: Registers, changes: ReadonlyMap<string, Scalar>): Map<string, Scalar> {
  return new Map([...registers, ...changes])
}

test('a specification read back from its registers is the same one', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      const read = readSpec(specToRegisters(spec))
      assert.deepEqual(read.faults, [])
      assert.deepEqual(read.spec, spec)
    }),
    { numRuns: 300 },
  )
})

test('the order in which registers arrived does not matter', () => {
  fc.assert(
    fc.property(anySpec, fc.infiniteStream(fc.nat()), (spec, order) => {
      const written = [...specToRegisters(spec)]
      const shuffled = written
        .map((one) => [order.next().value as number, one] as const)
        .sort(([a], [b]) => a - b)
        .map(([, one]) => one)
      assert.deepEqual(readSpec(new Map(shuffled)).spec, spec)
      for (const group of spec.groups) {
        const again = readSpec(new Map(shuffled)).spec.groups.find((one) => one.name === group.name)
        assert.ok(again !== undefined)
        assert.equal(formOf(crypto, spec, again), formOf(crypto, spec, group))
      }
    }),
    { numRuns: 100 },
  )
})

test('from any specification to any other by writing what differs', () => {
  fc.assert(
    fc.property(anySpec, anySpec, (from, to) => {
      const registers = specToRegisters(from)
      assert.deepEqual(readSpec(apply(registers, difference(registers, specToRegisters(to)))).spec, to)
    }),
    { numRuns: 100 },
  )
})

test('edits of different fields on two sides are both in force, whichever came first', () => {
  const base = sampleJob({ groups: [sampleGroup({ tasks: [sampleTask({ env: { A: '1', B: '1' } })] })] })
  const edits: readonly ((spec: ReturnType<typeof sampleGroup>) => ReturnType<typeof sampleGroup>)[] = [
    (group) => ({ ...group, count: 7 }),
    (group) => ({ ...group, diskMib: 500 }),
    (group) => ({ ...group, constraints: [...group.constraints, { attribute: '${attr.a}', operator: '=', value: '1' }] }),
    (group) => ({ ...group, constraints: [...group.constraints, { attribute: '${attr.b}', operator: '=', value: '1' }] }),
    (group) => ({ ...group, network: { ...group.network, ports: [...group.network.ports, { label: 'http', static: null, to: null }] } }),
    (group) => ({ ...group, network: { ...group.network, ports: [...group.network.ports, { label: 'tls', static: 443, to: null }] } }),
    (group) => ({ ...group, tasks: group.tasks.map((task) => ({ ...task, env: { ...task.env, A: '2' } })) }),
    (group) => ({
      ...group,
      tasks: group.tasks.map((task) => ({ ...task, env: Object.fromEntries(Object.entries(task.env).filter(([key]) => key !== 'B')) })),
    }),
    (group) => ({ ...group, tasks: group.tasks.map((task) => ({ ...task, killTimeoutMs: 9000 })) }),
    (group) => ({ ...group, disconnect: { ...group.disconnect, lostAfterMs: 0, lostAfterExplicit: true } }),
  ]
  const registers = specToRegisters(base)
  const edited = (edit: (typeof edits)[number], spec = base): typeof base => ({ ...spec, groups: spec.groups.map(edit) })
  const changes = edits.map((edit) => difference(registers, specToRegisters(edited(edit))))
  edits.forEach((left, i) =>
    edits.forEach((right, j) => {
      if (i >= j) return
      const [a, b] = [changes[i] as Registers, changes[j] as Registers]
      const both = specFromRegisters(apply(apply(registers, a), b))
      assert.ok(both.ok)
      assert.deepEqual(both, specFromRegisters(apply(apply(registers, b), a)))
      assert.deepEqual(specToRegisters(both.value), specToRegisters(edited(right, edited(left))), `${i} ${j}`)
    }),
  )
})

const wildPath = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'spec',
        'groups',
        'web',
        'tasks',
        'app',
        'config',
        'args',
        'count',
        'env',
        'spread',
        'targets',
        'network',
        'ports',
        'constraints',
        'weight',
        'driver',
        'job',
        'meta',
        '__proto__',
        '',
        '%',
      ),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 9 },
  )
  .map((parts) => ['spec', ...parts].join('/'))
const wildValue = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.json(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
) as fc.Arbitrary<Scalar>

test('no registers, however odd, make reading, checking or the whitelist throw', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(wildPath, wildValue), { maxLength: 30 }), anySpec, (odd, spec) => {
      const registers = apply(specToRegisters(spec), new Map(odd))
      for (const [path, value] of registers) checkRegister('job', path, value)
      const { spec: read } = specFaults(registers)
      for (const group of read.groups) formOf(crypto, read, group)
      specToRegisters(read)
    }),
    { numRuns: 300 },
  )
})

test('whatever passes the rules also passes the gate', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      const sensible = {
        ...spec,
        priority: 50,
        groups: spec.groups.map((group) =>
          sampleGroup({
            name: group.name,
            meta: group.meta,
            tasks: group.tasks.map((task) => sampleTask({ name: task.name, env: task.env })),
          }),
        ),
      }
      const registers = specToRegisters(sensible)
      if (!specFromRegisters(registers).ok) return
      for (const [path, value] of registers) assert.equal(checkRegister('job', path, value), null)
    }),
    { numRuns: 200 },
  )
})
