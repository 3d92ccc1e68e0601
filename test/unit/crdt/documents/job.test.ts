import assert from 'node:assert/strict'
import { test } from 'node:test'

import { configDefaults, disconnectDefaults } from '../../../../crdt/documents/defaults.ts'
import { formOf, jobPaths, jobView, restartPath, specToRegisters, stopGenerationPath } from '../../../../crdt/documents/job.ts'
import { specFromRegisters } from '../../../../crdt/documents/spec-faults.ts'
import { type Scalar, difference } from '../../../../crdt/registers.ts'
import type { GroupSpec, JobSpec, TaskSpec } from '../../../../crdt/spec.ts'
import { compareVersions } from '../../../../crdt/view.ts'
import { check } from '../../../support/checks.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { type Edited, edit, merge, newDoc } from '../../../support/edit.ts'
import { jobWith, sampleGroup, sampleJob, sampleTask } from '../../../../simulator/sample-job.ts'

const crypto = testCrypto()
const view = (edited: Edited | { doc: Edited['doc'] }): ReturnType<typeof jobView> => jobView(crypto, edited.doc)
const start = (spec: JobSpec = sampleJob(), pool = 'default'): Edited => edit(newDoc('job/default/shop', pool), 1, specToRegisters(spec))
const priority = (from: Edited, seed: number, value: number): Edited => edit(from.doc, seed, { 'spec/priority': value })

test('a job without defaults written out is a handful of registers', () => {
  assert.deepEqual(
    [...specToRegisters(sampleJob())],
    [
      ['spec/job', 'shop'],
      ['spec/groups/web/count', 2],
      ['spec/groups/web/tasks/app/driver', 'raw_exec'],
      ['spec/groups/web/tasks/app/config/command', '/bin/sleep'],
      ['spec/groups/web/tasks/app/config/args', '["1000"]'],
    ],
  )
})

test('lost_after is written when it was said, even with the default value', () => {
  const said = jobWith({ disconnect: { ...disconnectDefaults, lostAfterExplicit: true } })
  assert.equal(specToRegisters(said).get('spec/groups/web/disconnect/lost_after_ms'), 604_800_000)
  const back = specFromRegisters(specToRegisters(said))
  assert.equal(back.ok && back.value.groups[0]?.disconnect.lostAfterExplicit, true)
})

test('keys of the environment come back whatever they are', () => {
  const env = Object.fromEntries([
    ['__proto__', 'x'],
    ['a/b%2F', 'y'],
    ['constructor', 'z'],
  ])
  const read = specFromRegisters(specToRegisters(jobWith({}, { env })))
  assert.deepEqual(read.ok && Object.entries(read.value.groups[0]?.tasks[0]?.env ?? {}).sort(), Object.entries(env).sort())
})

test('a refusal names every fault, unknown fields too', () => {
  const registers = specToRegisters(sampleJob({ priority: 0 }))
  registers.set('spec/groups/web/canary', 1)
  registers.set('spec/groups/web/count', 'many')
  registers.delete('spec/groups/web/tasks/app/driver')
  const read = specFromRegisters(registers)
  assert.ok(!read.ok)
  assert.deepEqual(read.message.split('\n'), [
    'groups/web/count: found "many"; allowed: a whole number',
    'groups/web/tasks/app/driver: found nothing; allowed: docker, raw_exec, exec',
    'groups/web/canary: found an unknown field; allowed: fields of this version; it needs a newer agent',
    'priority: found 0; allowed: 1 to 100',
  ])
})

test('an empty document has no specification and says so', () => {
  const empty = view({ doc: newDoc('job/default/shop') })
  assert.equal(empty.spec, null)
  assert.equal(empty.version.count, 0)
  assert.match(empty.problems.join(), /job: found nothing/)
})

test('the merge of all heads is in force while it validates, and is newer than either side', () => {
  const base = start()
  const [left, right] = [
    edit(base.doc, 2, { 'spec/groups/web/count': 5 }),
    edit(base.doc, 3, { 'spec/groups/web/tasks/app/config/command': '/bin/cat' }),
  ]
  const one = jobView(crypto, merge(left.doc, right))
  const other = jobView(crypto, merge(right.doc, left))
  assert.deepEqual(one, other)
  assert.deepEqual(one.problems, [])
  assert.equal(one.spec?.groups[0]?.count, 5)
  assert.equal(one.spec?.groups[0]?.tasks[0]?.config.command, '/bin/cat')
  assert.match(one.version.hash, /^[0-9a-f]{16}$/)
  for (const side of [left, right]) assert.ok(compareVersions(one.version, view(side).version) > 0)
  assert.ok(compareVersions(view(left).version, view(base).version) > 0)
})

test('a merge that does not validate: the newest valid edit stays in force on every node, and the job says why', () => {
  const base = start(jobWith({ spread: [{ attribute: '${label.rack}', weight: 50, targets: [{ value: 'a', percent: 50 }] }] }))
  const target = (value: string): string => `spec/groups/web/spread/\${label.rack}/targets/${value}`
  const left = edit(base.doc, 2, { [target('b')]: 50, 'spec/groups/web/count': 7 })
  const longer = edit(edit(base.doc, 3, { [target('c')]: 30 }).doc, 3, { 'spec/groups/web/count': 9 })
  const right = { doc: longer.doc, envelopes: [...edit(base.doc, 3, { [target('c')]: 30 }).envelopes, ...longer.envelopes] }
  const one = jobView(crypto, merge(left.doc, right))
  assert.deepEqual(one, jobView(crypto, merge(right.doc, left)))
  assert.deepEqual(one.problems, ['groups/web/spread/0/targets: found 130 percent in all; allowed: at most 100 percent in all'])
  assert.equal(one.spec?.groups[0]?.count, 9, 'three changes in its past are more than two')
  assert.deepEqual(one.version, view(right).version)
  const mended = edit(merge(left.doc, right), 1, { [target('c')]: 0 })
  assert.deepEqual(view(mended).problems, [])
  assert.equal(view(mended).version.count, 5)
})

test('several bad edits in a row: the last good one is in force, at its own version', () => {
  const good = priority(start(), 1, 60)
  const bad = priority(priority(good, 2, 1000), 1, 2000)
  assert.equal(view(bad).spec?.priority, 60)
  assert.deepEqual(view(bad).version, view(good).version)
  assert.match(view(bad).problems.join(), /priority: found 2000/)
})

test('what another version let in (a pattern that is none, a word, an operator, a type): the last good edit stays in force', () => {
  const base = start()
  const rule = (...parts: string[]): Record<string, string> => ({ 'spec/groups/web/constraints/00000000000000aa': JSON.stringify(parts) })
  const strange: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [rule('${attr.a}', 'regexp', '('), /constraints\/0\/value: found "\("; allowed: a pattern in RE2/],
    [rule('${attr.a}', 'regexp', 'a'.repeat(1000)), /at most 256 characters/],
    [rule('${attr.a}', 'regexp', '(?:a{30}){30}'), /500 in all/],
    [rule('${attr.a}', 'is_like', 'b'), /operator: found "is_like"/],
    [{ 'spec/type': 'daemon' }, /type: found "daemon"/],
  ]
  for (const [registers, words] of strange) {
    const seen = view(edit(base.doc, 2, registers))
    assert.deepEqual(seen.spec, view(base).spec)
    assert.match(seen.problems.join(), words)
  }
})

test('half of an edit that was split into several changes is never in force', () => {
  const groupsWith = (env: Readonly<Record<string, string>>): GroupSpec[] =>
    Array.from({ length: 8 }, (_, i) => sampleGroup({ name: `g${i}`, tasks: [sampleTask({ env })] }))
  const base = start(sampleJob({ groups: groupsWith({}) }))
  const wanted = sampleJob({ groups: groupsWith({ LONG: 'x'.repeat(4000) }), priority: 0 })
  const big = edit(base.doc, 1, difference(base.doc.registers, specToRegisters(wanted)))
  assert.ok((big.envelopes[0]?.changes.length ?? 0) > 1, 'the sample is too small to be split')
  assert.equal(big.envelopes.length, 1)
  assert.deepEqual(view(big).spec, view(base).spec)
  assert.deepEqual(view(big).version, view(base).version)
})

test('a specification that calls itself otherwise than its document is not in force', () => {
  const foreign = view(start(sampleJob({ name: 'other' })))
  assert.equal(foreign.spec, null)
  assert.match(foreign.problems.join(), /job: found "default\/other"; allowed: default\/shop/)
  assert.match(view(start(sampleJob(), 'attic')).problems.join(), /pool: found "default"; allowed: attic/)
})

test('what operators want is read from the merge, valid or not', () => {
  const bad = priority(start(), 1, 0)
  const asked = view(
    edit(bad.doc, 1, {
      [jobPaths.desired]: 'stopped',
      [restartPath('web', 1)]: 3,
      [stopGenerationPath('web', 1)]: 2,
      [restartPath('web', 0)]: 1,
    }),
  )
  assert.equal(asked.desired, 'stopped')
  assert.deepEqual(
    new Map(asked.wishes),
    new Map([
      ['default/shop/web/0', { restart: 1, stopGeneration: 0 }],
      ['default/shop/web/1', { restart: 3, stopGeneration: 2 }],
    ]),
  )
  assert.equal(view(start()).desired, 'run')
})

test('what was deleted from a specification is gone', () => {
  const two = sampleJob({ groups: [sampleGroup(), sampleGroup({ name: 'db' })] })
  const from = start(two)
  const less = edit(from.doc, 1, difference(from.doc.registers, specToRegisters(sampleJob())))
  assert.deepEqual(view(less).spec, sampleJob())
  assert.deepEqual([...view(less).forms.keys()], ['web'])
})

const form = (group: Partial<GroupSpec>, task: Partial<TaskSpec> = {}, job: Partial<JobSpec> = {}): string => {
  const spec = { ...jobWith(group, task), ...job }
  return formOf(crypto, spec, spec.groups[0] as GroupSpec)
}

test('the form changes with what takes a restart, and with nothing else', () => {
  const before = form({})
  assert.match(before, /^[0-9a-f]{16}$/)
  const restarts: Record<string, string> = {
    driver: form({}, { driver: 'docker' }),
    command: form({}, { config: { ...configDefaults, command: '/bin/cat' } }),
    user: form({}, { config: { ...configDefaults, command: '/bin/sleep', args: ['1000'], user: 'x' } }),
    volumes: form({}, { config: { ...configDefaults, command: '/bin/sleep', args: ['1000'], volumes: ['a:/b'] } }),
    env: form({}, { env: { A: '1' } }),
    cpu: form({}, { resources: { cpuMhz: 101, memoryMib: 300 } }),
    mode: form({ network: { mode: 'bridge', ports: [] } }),
    port: form({ network: { mode: 'host', ports: [{ label: 'a', static: null, to: null }] } }),
    disk: form({ diskMib: 301 }),
    meta: form({ meta: { a: '1' } }),
    tasks: form({ tasks: [sampleTask(), sampleTask({ name: 'side' })] }),
  }
  const all = Object.values(restarts)
  assert.equal(new Set([before, ...all]).size, all.length + 1)
  const inPlace: Record<string, string> = {
    count: form({ count: 9 }),
    constraints: form({ constraints: [{ attribute: '${attr.a}', operator: '=', value: '1' }] }),
    restart: form({ restart: { attempts: 9, intervalMs: 60_000, delayMs: 1, mode: 'delay' } }),
    disconnect: form({ disconnect: { ...disconnectDefaults, replace: false } }),
    killSignal: form({}, { killSignal: 'SIGINT' }),
    killTimeout: form({}, { killTimeoutMs: 1 }),
    logs: form({}, { logs: { maxFiles: 1, maxFileSizeMib: 1 } }),
    checks: form({}, { checks: [check()] }),
    priority: form({}, {}, { priority: 1 }),
  }
  for (const [what, after] of Object.entries(inPlace)) assert.equal(after, before, what)
})

test('what runs once has a form of its own for each order to run again; a service has not', () => {
  const of = (parts: Partial<JobSpec>): string => formOf(crypto, { ...jobWith({}), ...parts }, jobWith({}).groups[0] as GroupSpec)
  assert.equal(of({ type: 'batch' }), of({ type: 'service' }))
  assert.notEqual(of({ type: 'batch', rerun: 1 }), of({ type: 'batch' }))
  assert.notEqual(of({ type: 'sysbatch', rerun: 1 }), of({ type: 'sysbatch', rerun: 2 }))
  assert.equal(of({ type: 'service', rerun: 1 }), of({ type: 'service' }))
})

test('a batch job has the restart and reschedule of Nomad’s batch jobs, and writes only what differs from them', () => {
  const registers = new Map<string, Scalar>([...specToRegisters(jobWith({})), ['spec/type', 'batch']])
  for (const path of registers.keys()) if (/re(start|schedule)/.test(path)) registers.delete(path)
  const read = specFromRegisters(registers)
  assert.ok(read.ok)
  const { restart, reschedule } = read.value.groups[0] as GroupSpec
  assert.deepEqual([restart.attempts, restart.intervalMs, restart.mode], [3, 86_400_000, 'fail'])
  assert.deepEqual([reschedule.unlimited, reschedule.attempts, reschedule.delayMs, reschedule.delayFunction], [false, 1, 5_000, 'constant'])
  const written = (type: JobSpec['type']): string[] =>
    [...specToRegisters({ ...read.value, type }).keys()].filter((path) => /re(start|sch)/.test(path))
  assert.deepEqual(written('batch'), [])
  assert.equal(written('service').length, 7)
})

test('metadata counts as the task sees it, wherever it is written', () => {
  const inTask = form({}, { meta: { a: '1' } })
  assert.equal(form({ meta: { a: '1' } }), inTask)
  assert.equal(form({ meta: { a: '2' } }, { meta: { a: '1' } }), inTask)
  assert.equal(form({}, {}, { meta: { a: '1' } }), inTask)
})

// Recorded once. Changing it restarts every task of every fleet at its upgrade.
const formOfSample = '3d578f48d91114dc'

test('a form is the same in every version of the agent', () => {
  assert.equal(form({}), formOfSample)
})

test('only `true` pauses, whatever else an agent wrote there', () => {
  for (const value of ['true', 1, false, null, 'paused'] as const)
    assert.equal('paused' in view(edit(start().doc, 1, { [jobPaths.paused]: value })), false)
  assert.equal(view(edit(start().doc, 1, { [jobPaths.paused]: true })).paused, true)
})
