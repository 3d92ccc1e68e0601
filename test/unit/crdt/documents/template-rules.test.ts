// Templates and variables as documents: what is refused, what takes a restart, and what two sides make of them.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configDefaults } from '../../../../crdt/documents/defaults.ts'
import { formOf, jobView, specToRegisters } from '../../../../crdt/documents/job.ts'
import { checkSpec, faultText } from '../../../../crdt/documents/job-rules.ts'
import { specFromRegisters } from '../../../../crdt/documents/spec-faults.ts'
import type { TemplateSpec } from '../../../../crdt/given-files.ts'
import type { JobSpec, TaskSpec } from '../../../../crdt/spec.ts'
import { jobWith } from '../../../../simulator/sample-job.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { edit, merge, newDoc } from '../../../support/edit.ts'
import { onHup, template } from '../../../support/templates.ts'

const crypto = testCrypto()
const withTask = (task: Partial<TaskSpec>): JobSpec => jobWith({}, task)
const files = (...templates: readonly Partial<TemplateSpec>[]): JobSpec => withTask({ templates: templates.map(template) })
const to = (destination: string): JobSpec => files({ destination })
const varied = (variables: Readonly<Record<string, string>>): JobSpec => ({ ...files({}), variables })
const many = (length: number, bytes: number): Partial<TemplateSpec>[] =>
  Array.from({ length }, (_, at) => ({ destination: `f${String(at).padStart(2, '0')}`, data: 'x'.repeat(bytes) }))
const asUser = { ...configDefaults, command: 'x', user: 'app' }

const fine: Record<string, JobSpec> = {
  'each change mode': files({}, { ...onHup, destination: 'b' }, { changeMode: 'noop', destination: 'c/d.conf', perms: '600' }),
  'a name that only begins like a folder': files({ destination: 'a' }, { destination: 'a.conf' }, { destination: 'ab/c' }),
  'a file called local': to('local'),
  'nothing in it': files({ data: '' }),
  'as many and as long as there is room for': withTask({ templates: many(8, 8_192).map(template) }),
  'a user who starts in the folder': withTask({ templates: [template()], config: asUser }),
  variables: varied({ LEVEL: '', 'a.b-c_1': 'two\nlines', _x: '${label.zone}' }),
}

for (const [name, spec] of Object.entries(fine))
  test(`fine, and the same after a document: ${name}`, () => {
    assert.deepEqual(checkSpec(spec).map(faultText), [])
    assert.deepEqual(specFromRegisters(specToRegisters(spec)), { ok: true, value: spec })
  })

const faulty: Record<string, readonly [JobSpec, RegExp]> = {
  'a path out of the folder': [to('../x'), /templates\/0\/destination: found "\.\.\/x"; allowed: a path below the task's folder/],
  'a path through another': [to('a/../../x'), /destination: found .* no \.\./],
  'an absolute path': [to('/etc/x'), /destination: found "\/etc\/x"/],
  'a folder': [to('a/'), /destination: found "a\/"/],
  'the folder itself': [to('.'), /destination: found "\."/],
  'a name that no archive takes': [to('a'.repeat(101)), /destination: .* at most 100/],
  'an odd character': [to('.new~a'), /destination: found ".new~a"/],
  'Nomad’s word for the folder': [to('local/etc/a'), /destination: found "local\/etc\/a"; allowed: etc\/a: .* SHOAL_TASK_DIR/],
  'one file twice': [files({}, {}), /templates\/1\/destination: found destination "app.conf" a second time/],
  'below a file': [files({ destination: 'a' }, { destination: 'a/b' }), /templates\/1\/destination: .* nothing below a, which is a file/],
  'where the payload is': [
    { ...withTask({ templates: [template()], dispatchPayloadFile: 'app.conf' }), type: 'batch', parameterized: { payload: 'optional', metaRequired: [], metaOptional: [] } },
    /templates\/0\/destination: found destination "app.conf" a second time/,
  ],
  'too long': [files({ data: 'x'.repeat(8_193) }), /templates\/0\/data: found 8193 bytes; allowed: at most 8192/],
  'NUL': [files({ data: 'a\0' }), /templates\/0\/data: found a NUL/],
  'too many': [withTask({ templates: many(17, 1).map(template) }), /templates: found 17; allowed: 0 to 16/],
  'together too long': [{ ...withTask({ templates: many(8, 8_192).map(template) }), variables: { A: 'x' } }, /found 65537 bytes of templates and variables; allowed: at most 65536/],
  'odd permissions': [files({ perms: '1777' }), /templates\/0\/perms: found "1777"; allowed: three octal digits/],
  'another change mode': [files({ changeMode: 'script' as 'noop' }), /change_mode: found "script"; allowed: restart, signal, noop/],
  'no signal': [files({ changeMode: 'signal' }), /change_signal: found nothing; allowed: a signal such as SIGHUP/],
  'a signal for nothing': [files({ changeSignal: 'SIGHUP' }), /change_signal: found "SIGHUP"; allowed: nothing with change_mode: restart/],
  'a signal that ends it': [files({ ...onHup, changeSignal: 'SIGKILL' }), /change_signal: found "SIGKILL"; allowed: SIGTERM/],
  'a long splay': [files({ splayMs: 3_600_001 }), /splay: .* 0s to 1h/],
  'a folder that it cannot reach': [withTask({ templates: [template()], config: { ...asUser, workDir: '/tmp' } }), /app\/templates: .* cannot reach its own folder/],
  'a volume in its folder': [withTask({ driver: 'docker', templates: [template()], config: { ...configDefaults, image: 'x', volumes: ['/srv:/local/'] } }), /config\/volumes\/0: found "\/srv:\/local\/"; allowed: no volume at \/local/],
  'a name that no text can say': [varied({ '1a': '' }), /variables\/1a: found the name "1a"; allowed: letters/],
  'a long value': [varied({ A: 'x'.repeat(4_097) }), /variables\/A: found 4097 bytes/],
  'too many variables': [varied(Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`v${at}`, '']))), /variables: found 65; allowed: 0 to 64/],
} // prettier-ignore

for (const [name, [spec, words]] of Object.entries(faulty))
  test(`one fault: ${name}`, () => {
    const faults = checkSpec(spec).map(faultText)
    assert.equal(faults.length, 1, faults.join('\n'))
    assert.match(faults[0]!, words)
  })

test('another text, place or permission is another form; whom a change is told, and what variables say, is not', () => {
  const form = (spec: JobSpec): string => formOf(crypto, spec, spec.groups[0]!)
  const before = form(files({}))
  for (const change of [{ data: 'x' }, { destination: 'b' }, { perms: '600' }]) assert.notEqual(form(files(change)), before)
  assert.notEqual(form(files({}, { destination: 'b' })), before)
  for (const change of [onHup, { changeMode: 'noop', splayMs: 1 } as const]) assert.equal(form(files(change)), before)
  assert.equal(form(varied({ LEVEL: 'debug' })), before)
  const bare = jobWith({})
  assert.equal(form({ ...bare, variables: { A: '1' } }), form(bare))
})

test('two sides that set different variables both win; a template that one took away while the other changed it is not in force', () => {
  const common = edit(newDoc('job/default/shop'), 1, specToRegisters(varied({ A: '1', B: '1' }))).doc
  const [left, right] = [edit(common, 1, new Map([['spec/variables/A', '2']])), edit(common, 2, new Map([['spec/variables/B', '3']]))]
  assert.deepEqual(jobView(crypto, merge(common, left, right)).spec?.variables, { A: '2', B: '3' })
  const at = 'spec/groups/web/tasks/app/templates/app.conf'
  const taken = edit(common, 1, new Map([[`${at}/data`, null]]))
  const changed = edit(common, 2, new Map([[`${at}/change_mode`, 'noop']]))
  const { spec, problems } = jobView(crypto, merge(common, taken, changed))
  assert.deepEqual(problems, ['groups/web/tasks/app/templates/app.conf/data: found nothing; allowed: text'])
  assert.notEqual(spec, null)
})
