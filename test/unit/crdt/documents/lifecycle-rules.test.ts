// Faults of life cycles: where, what was found, what is allowed; and what a specification keeps of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { formOf, specToRegisters } from '../../../../crdt/documents/job.ts'
import { checkSpec } from '../../../../crdt/documents/job-rules.ts'
import { readSpec } from '../../../../crdt/documents/spec-reader.ts'
import { type JobSpec, type TaskLifecycle, type TaskSpec, resourcesAtOnce } from '../../../../crdt/spec.ts'
import { jobWith, sampleTask } from '../../../../simulator/sample-job.ts'
import { testCrypto } from '../../../support/crypto.ts'

const task = (name: string, hook?: TaskLifecycle['hook'], wishes: Partial<TaskSpec> = {}): TaskSpec =>
  sampleTask({ name, ...(hook === undefined ? {} : { lifecycle: { hook, sidecar: false } }), ...wishes })
const tasks = (...list: readonly TaskSpec[]): JobSpec => jobWith({ tasks: list })
const check = { name: 'c', type: 'exec', command: 'x', headers: {}, args: [], intervalMs: 10_000, timeoutMs: 1_000 } as const
const checks = [
  { ...check, successBeforePassing: 0, failuresBeforeCritical: 0, onUpdate: 'ignore', checkRestart: { limit: 0, graceMs: 0 } },
] as const

/** Below `groups/web`. */
const faulty: Record<string, readonly [JobSpec, string, RegExp, RegExp]> = {
  'no main task': [tasks(task('a', 'prestart'), task('b', 'poststop')), '/tasks', /a, b, each with a lifecycle/, /a main task/],
  'two leaders': [
    tasks(task('a', undefined, { leader: true }), task('b', undefined, { leader: true })),
    '/tasks/a/leader',
    /as for b/,
    /one leader/,
  ],
  'a leader with a hook': [
    tasks(task('a', 'prestart', { leader: true }), task('b')),
    '/tasks/a/leader',
    /true in a prestart task/,
    /a main task/,
  ],
  'a poststop sidecar': [
    tasks(task('a', undefined, { lifecycle: { hook: 'poststop', sidecar: true } }), task('b')),
    '/tasks/a/lifecycle/sidecar',
    /true/,
    /false for poststop/,
  ],
  'a hook that is none': [
    tasks(task('a', 'prerun' as 'prestart'), task('b')),
    '/tasks/a/lifecycle/hook',
    /"prerun"/,
    /prestart, poststart, poststop/,
  ],
  'checks of a task that ends': [tasks(task('a', 'poststart', { checks }), task('b')), '/tasks/a/checks', /1/, /none in a poststart task/],
  'a delay of a day': [tasks(task('a', undefined, { shutdownDelayMs: 86_400_000 })), '/tasks/a/shutdown_delay', /1d/, /0s to 1h/],
}

for (const [what, [spec, path, found, allowed]] of Object.entries(faulty)) {
  test(`one fault: ${what}`, () => {
    const faults = checkSpec(spec)
    assert.deepEqual(
      faults.map((fault) => fault.path),
      [`groups/web${path}`],
    )
    assert.match(faults[0]!.found, found)
    assert.match(faults[0]!.allowed, allowed)
  })
}

test('of two sides of a cut one made a main task of what the other made a sidecar: that is not guessed at', () => {
  const sidecar = task('b', undefined, { lifecycle: { hook: 'prestart', sidecar: true } })
  const registers = specToRegisters(tasks(task('a'), sidecar))
  registers.set('spec/groups/web/tasks/b/lifecycle/hook', null)
  const { faults } = readSpec(registers)
  assert.deepEqual(
    faults.map(({ path }) => path),
    ['groups/web/tasks/b/lifecycle/sidecar'],
  )
})

test('a hook is part of the form; who leads and how long a stop is delayed are not', () => {
  const crypto = testCrypto()
  const form = (...list: readonly TaskSpec[]): string => {
    const spec = tasks(...list)
    return formOf(crypto, spec, spec.groups[0]!)
  }
  const plain = form(task('a'), task('b'))
  assert.equal(form(task('a', undefined, { leader: true, shutdownDelayMs: 1_000 }), task('b')), plain)
  assert.notEqual(form(task('a', 'prestart'), task('b')), plain)
  assert.notEqual(form(task('a', 'poststop'), task('b')), form(task('a', 'prestart'), task('b')))
})

test('a copy holds what its tasks take at a time', () => {
  const sized = (name: string, memoryMib: number, lifecycle?: TaskLifecycle): TaskSpec =>
    sampleTask({ name, resources: { cpuMhz: memoryMib * 2, memoryMib }, ...(lifecycle && { lifecycle }) })
  const beside = sized('b', 10, { hook: 'prestart', sidecar: true })
  const [main, once] = [sized('m', 100), sized('o', 20, { hook: 'poststart', sidecar: false })]
  const before = (memoryMib: number): TaskSpec => sized('p', memoryMib, { hook: 'prestart', sidecar: false })
  const last = (memoryMib: number): TaskSpec => sized('z', memoryMib, { hook: 'poststop', sidecar: false })
  const held = (...list: readonly TaskSpec[]): number[] => Object.values(resourcesAtOnce(list))
  assert.deepEqual(held(main, sized('n', 5)), [210, 105])
  assert.deepEqual(held(beside, main, once, before(50), last(60)), [260, 130])
  assert.deepEqual(held(beside, main, once, before(200), last(60)), [420, 210])
  assert.deepEqual(held(beside, main, once, before(50), last(300)), [600, 300])
})
