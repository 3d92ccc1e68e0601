// Parameterized and dispatched jobs as documents: what is refused, what takes a restart, and that no mixture of two dispatches is in force.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { withTimes } from '../../../../cli/job/periodic.ts'
import { dispatchedName, parentOfName } from '../../../../crdt/dispatch-name.ts'
import { configDefaults, periodicDefaults } from '../../../../crdt/documents/defaults.ts'
import { orderOf } from '../../../../crdt/documents/dispatch-order.ts'
import { formOf, jobView, specToRegisters } from '../../../../crdt/documents/job.ts'
import { checkSpec, faultText } from '../../../../crdt/documents/job-rules.ts'
import { specFromRegisters } from '../../../../crdt/documents/spec-faults.ts'
import { type JobId, isName, jobDocId, jobId } from '../../../../crdt/ids.ts'
import { covers } from '../../../../crdt/rights/grant.ts'
import { difference } from '../../../../crdt/registers.ts'
import type { DispatchedSpec, JobSpec, ParameterizedSpec, TaskSpec } from '../../../../crdt/spec.ts'
import { jobWith, sampleJob } from '../../../../simulator/sample-job.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { edit, merge, newDoc } from '../../../support/edit.ts'

const crypto = testCrypto()
const rules = (more: Partial<ParameterizedSpec> = {}): ParameterizedSpec => ({
  payload: 'optional',
  metaRequired: [],
  metaOptional: [],
  ...more,
})
const batch = (more: Partial<JobSpec> = {}, task: Partial<TaskSpec> = {}): JobSpec => ({ ...jobWith({}, task), type: 'batch', ...more })
const parameterized = (more: Partial<ParameterizedSpec> = {}, task: Partial<TaskSpec> = {}): JobSpec =>
  batch({ parameterized: rules(more) }, task)
const periodic = { ...periodicDefaults, crons: ['0 3 * * *'], since: 1_800_000_000 }
const reading = (file: string): Partial<TaskSpec> => ({ dispatchPayloadFile: file })

function dispatched(given: Partial<DispatchedSpec>, more: Partial<JobSpec> = {}): JobSpec {
  const spec = batch({ ...more, dispatched: { parent: 'shop', order: '', ...given } })
  return { ...spec, dispatched: { ...spec.dispatched!, order: orderOf(crypto, spec) } }
}

const fine: Record<string, JobSpec> = {
  'a block that says nothing': parameterized(),
  'metadata to come': parameterized({ metaRequired: ['a'], metaOptional: ['b'] }),
  'a payload for a task': parameterized({ payload: 'required' }, reading('in.json')),
  'the longest name': { ...parameterized(), name: 'a'.repeat(41) },
  'sysbatch': { ...parameterized(), type: 'sysbatch', groups: jobWith({ count: 1 }).groups }, // prettier-ignore
  'a dispatched job': dispatched({ payload: Buffer.alloc(16_384).toString('base64') }),
}

for (const [name, spec] of Object.entries(fine)) test(`fine: ${name}`, () => assert.deepEqual(checkSpec(spec).map(faultText), []))

const faulty: Record<string, readonly [JobSpec, RegExp]> = {
  'a service': [{ ...jobWith({}), parameterized: rules() }, /^parameterized: found a block in a service job; allowed: none, or type batch/],
  'a name with no room behind it': [{ ...parameterized(), name: 'a'.repeat(42) }, /^parameterized: found .* 42 characters; allowed: a shorter name/],
  'times of its own': [{ ...parameterized(), periodic }, /^periodic: found periodic in a parameterized job; allowed: one of the two/],
  'one key twice': [parameterized({ metaRequired: ['a', 'b'], metaOptional: ['b'] }), /^parameterized\/meta_optional: found "b"/],
  'a key that is none': [parameterized({ metaRequired: ['a b'] }), /^parameterized\/meta_required\/a b: found the key "a b"/],
  'a file with a folder': [parameterized({}, reading('../x')), /^groups\/web\/tasks\/app\/dispatch_payload\/file: found "..\/x"; .* no folders/],
  'a file that is a folder': [parameterized({}, reading('..')), /dispatch_payload\/file: found ".."/],
  'a file that no archive takes': [parameterized({}, reading('a'.repeat(101))), /dispatch_payload\/file: .*at most 100 bytes/],
  'a file that nobody fills': [parameterized({ payload: 'forbidden' }, reading('x')), /dispatch_payload\/file: .* nothing with parameterized.payload: forbidden/],
  'a file in a job that is not dispatched': [batch({}, reading('x')), /dispatch_payload\/file: .* nothing in a job that is not parameterized/],
  'a file in a folder that the task cannot reach': [parameterized({}, { ...reading('x'), config: { ...configDefaults, command: 'a', user: 'b', workDir: '/c' } }), /dispatch_payload\/file: .* cannot reach its own folder/],
  'too large a payload': [dispatched({ payload: Buffer.alloc(16_385).toString('base64') }), /^dispatched\/payload: found a payload of 16385 bytes; allowed: at most 16384/],
  'a payload that is no base64': [dispatched({ payload: '{}' }), /^dispatched\/payload: found text that is not base64/],
  'dispatched, and to be dispatched': [dispatched({}, { parameterized: rules() }), /^parameterized: found a block; allowed: none in a job that was dispatched/],
} // prettier-ignore

for (const [name, [spec, expected]] of Object.entries(faulty))
  test(`refused: ${name}`, () => {
    assert.match(checkSpec(spec).map(faultText).join('\n'), expected)
  })

test('as long as anything is left of the block, the job runs nothing by itself', () => {
  const registers = specToRegisters(parameterized({ metaRequired: ['a'] }))
  registers.delete('spec/parameterized/payload')
  const read = specFromRegisters(registers)
  assert.deepEqual(read.ok && read.value.parameterized, rules({ metaRequired: ['a'] }))
})

test('payload and the file for it take a restart; a job without them has the form that it had', () => {
  const form = (spec: JobSpec): string => formOf(crypto, spec, spec.groups[0]!)
  const plain = form(batch())
  assert.equal(form(dispatched({})), plain)
  assert.equal(form(parameterized()), plain)
  assert.equal(new Set([plain, form(dispatched({ payload: 'YQ==' })), form(dispatched({ payload: 'Yg==' })), form(parameterized({}, reading('x')))]).size, 4) // prettier-ignore
})

const start = (spec: JobSpec) => edit(newDoc('job/default/shop', 'default'), 1, specToRegisters(spec))
const view = (doc: ReturnType<typeof start>['doc']) => jobView(crypto, doc)

test('given times on one side and parameterized on the other: one of the two is in force, the same on every board, and the job says why', () => {
  const base = start(batch())
  const a = edit(base.doc, 1, difference(specToRegisters(batch()), specToRegisters(batch({ periodic }))))
  const b = edit(base.doc, 2, difference(specToRegisters(batch()), specToRegisters(parameterized())))
  const merged = merge(a.doc, b)
  const { spec, problems } = view(merged)
  assert.notEqual(spec?.periodic === undefined, spec?.parameterized === undefined)
  assert.match(problems.join('\n'), /^periodic: found periodic in a parameterized job/)
  assert.deepEqual(view(merge(b.doc, a)).spec, spec)
})

test('times that were in force on one side only count from when the job is ordered again', () => {
  const base = start(batch())
  const withTimesOn = edit(base.doc, 1, { ...Object.fromEntries(specToRegisters(batch({ periodic }))), 'state/desired': 'run' })
  const other = edit(base.doc, 2, difference(specToRegisters(batch()), specToRegisters(parameterized())))
  // Another edit: so this side is the newer one.
  const newer = edit(other.doc, 2, { 'spec/priority': 60 })
  const [alone, merged] = [withTimesOn.doc, merge(withTimesOn.doc, other, newer)]
  assert.equal(view(merged).spec?.periodic, undefined)
  const ordered = batch({ periodic: { ...periodic, since: 0 } })
  const since = (doc: typeof alone): number | undefined => withTimes(crypto, doc, ordered, 1_800_100_000_000).periodic?.since
  assert.deepEqual([since(alone), since(merged)], [periodic.since, 1_800_100_000])
})

test('of two dispatches with one name one is in force as a whole, the same in whatever order they came', () => {
  const [one, two] = [dispatched({ payload: 'YQ==' }), dispatched({}, { meta: { site: 'b' } })]
  const genesis = newDoc('job/default/shop', 'default')
  const [a, b] = [edit(genesis, 1, specToRegisters(one)), edit(genesis, 2, specToRegisters(two))]
  const merged = view(merge(a.doc, b))
  assert.deepEqual(merged.spec, merged.spec?.meta['site'] === 'b' ? two : one)
  assert.match(merged.problems.join('\n'), /^dispatched\/order: found what two dispatches with one token said differently/)
  assert.deepEqual(view(merge(b.doc, a)).spec, merged.spec)
})

test('the same dispatch on two sides is no conflict; an edit of it is not in force; to run it again is', () => {
  const spec = dispatched({ payload: 'YQ==' })
  const genesis = newDoc('job/default/shop', 'default')
  const [a, b] = [edit(genesis, 1, specToRegisters(spec)), edit(genesis, 2, specToRegisters(spec))]
  const both = merge(a.doc, b)
  assert.deepEqual([view(both).spec, view(both).problems, both.conflicts.size], [spec, [], 0])
  const edited = edit(both, 1, { 'spec/priority': 60 })
  assert.deepEqual([view(edited.doc).spec, view(edited.doc).problems.length], [spec, 1])
  const again = edit(both, 1, { 'spec/rerun': 1 })
  assert.deepEqual([view(again.doc).spec?.rerun, view(again.doc).problems], [1, []])
})

test('a dispatched job is called after its parent and the token, and tells its parent by its name', () => {
  const name = dispatchedName(crypto, jobId('default', 'a'.repeat(41)), 'token')
  assert.ok(isName(name), name)
  const names = [
    ['team', 'backup', 't'],
    ['default', 'backup', 't'],
    ['default', 'backup', 'u'],
    ['default', 'backup-2', 't'],
  ].map(([namespace, job, token]) => dispatchedName(crypto, jobId(namespace!, job!), token!))
  assert.equal(new Set(names).size, 4)
  assert.equal(parentOfName(`default/${names[1]}`), 'default/backup')
  for (const other of [
    'backup',
    'backup-dispatch-',
    'backup-dispatch-0123456789ag',
    'backup-dispatch-0123456789abc',
    '-dispatch-0123456789ab',
  ])
    assert.equal(parentOfName(other), null, other)
})

test('a right to a job is a right to what is dispatched from it, and no other way round', () => {
  const right = (pattern: string, job: string): boolean =>
    covers({ role: 'operator', pools: ['*'], jobs: [pattern] }, { kind: 'job', doc: jobDocId(job as JobId), pool: 'default' as never })
  const child = 'default/backup-dispatch-0123456789ab'
  assert.deepEqual(
    ['default/backup', 'default/b*', '*/backup', 'default/backup-dispatch-*', 'default/backup-2', 'team/backup'].map((pattern) => right(pattern, child)),
    [true, true, true, true, false, false],
  ) // prettier-ignore
  assert.equal(right('default/backup-dispatch-*', 'default/backup'), false)
  assert.equal(right('default/backup', 'default/backup-dispatch-mine'), false)
  assert.equal(right('default/backup', 'default/backup-2-dispatch-0123456789ab'), false)
})

test('an agent from before does not run what it does not understand', () => {
  for (const spec of [parameterized(), dispatched({})])
    assert.ok([...specToRegisters(spec).keys()].some((path) => /^spec\/(parameterized|dispatched)\//.test(path)))
  assert.equal([...specToRegisters(sampleJob()).keys()].some((path) => /parameterized|dispatch/.test(path)), false) // prettier-ignore
})
