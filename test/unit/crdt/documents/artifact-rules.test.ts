// Artifacts as documents: what is refused, and what takes a restart.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configDefaults } from '../../../../crdt/documents/defaults.ts'
import { formOf, specToRegisters } from '../../../../crdt/documents/job.ts'
import { checkSpec, faultText } from '../../../../crdt/documents/job-rules.ts'
import { checkReferences } from '../../../../crdt/documents/reference-rules.ts'
import { specFromRegisters } from '../../../../crdt/documents/spec-faults.ts'
import type { ArtifactSpec } from '../../../../crdt/given-files.ts'
import type { JobSpec, TaskSpec } from '../../../../crdt/spec.ts'
import { jobWith } from '../../../../simulator/sample-job.ts'
import { artifact } from '../../../support/artifacts.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { template } from '../../../support/templates.ts'

const withTask = (task: Partial<TaskSpec>): JobSpec => jobWith({}, task)
const files = (...all: readonly Partial<ArtifactSpec>[]): JobSpec => withTask({ artifacts: all.map(artifact) })
const from = (source: string): JobSpec => files({ source })

const fine: Record<string, JobSpec> = {
  'two of them': files({}, { destination: 'etc/data.bin', source: 'http://192.0.2.7:8080/a%20b?x=1', perms: '0644' }),
  'an address that the board completes': from('${label.mirror}/app-${attr.cpu.arch}'),
  'beside a template': withTask({ artifacts: [artifact()], templates: [template()] }),
}

for (const [name, spec] of Object.entries(fine))
  test(`fine, and the same after a document: ${name}`, () => {
    assert.deepEqual([...checkSpec(spec), ...checkReferences(spec)].map(faultText), [])
    assert.deepEqual(specFromRegisters(specToRegisters(spec)), { ok: true, value: spec })
  })

const faulty: Record<string, readonly [JobSpec, RegExp]> = {
  'no address': [from('app.tar'), /artifacts\/0\/source: found "app\.tar"; allowed: an address that begins with https/],
  'a file of the board': [from('file:///etc/shadow'), /source: found "file:/],
  'a login for all to read': [from('https://me:secret@files.example/a'), /source: found a login in it; allowed: .* without a login/],
  'a space': [from('https://files.example/a b'), /source: .* without spaces/],
  'a long address': [from(`https://x/${'a'.repeat(2_048)}`), /source: .* at most 2048 bytes/],
  'another hash': [files({ checksum: 'md5:abc' }), /checksum: found "md5:abc"; allowed: sha256: and 64/],
  'capitals': [files({ checksum: `sha256:${'A'.repeat(64)}` }), /checksum: .* lower case/],
  'a path out of the folder': [files({ destination: '../app' }), /artifacts\/0\/destination: found "\.\.\/app"/],
  'a template in its place': [withTask({ artifacts: [artifact({ destination: 'a' })], templates: [template({ destination: 'a' })] }), /artifacts\/0\/destination: found destination "a" a second time/],
  'a template below it': [withTask({ artifacts: [artifact({ destination: 'a' })], templates: [template({ destination: 'a/b' })] }), /templates\/0\/destination: .* nothing below a, which is a file/],
  'odd permissions': [files({ perms: 'rwx' }), /perms: found "rwx"; allowed: three octal digits/],
  'too many': [files(...Array.from({ length: 17 }, (_, at) => ({ destination: `f${at}` }))), /artifacts: found 17; allowed: 0 to 16/],
  'a folder that it cannot reach': [withTask({ artifacts: [artifact()], config: { ...configDefaults, command: 'x', user: 'app', workDir: '/tmp' } }), /app\/artifacts: .* cannot reach its own folder/],
  'a volume in its folder': [withTask({ driver: 'docker', artifacts: [artifact()], config: { ...configDefaults, image: 'x', volumes: ['/srv:/local'] } }), /config\/volumes\/0: .* no volume at \/local/],
} // prettier-ignore

for (const [name, [spec, words]] of Object.entries(faulty))
  test(`one fault: ${name}`, () => {
    const faults = checkSpec(spec).map(faultText)
    assert.equal(faults.length, 1, faults.join('\n'))
    assert.match(faults[0]!, words)
  })

test('an address that names what no board knows before it starts is refused', () => {
  for (const [source, words] of [
    ['https://x/${SHOAL_TASK_DIR}', /SHOAL_/],
    ['https://x/${SHOAL_PORT_http}', /no port/],
    ['https://x/${var.NONE}', /a variable of the job/],
  ] as const)
    assert.match(checkReferences(from(source)).map(faultText).join(), words)
})

test('another file, place, permission or address is another form', () => {
  const form = (spec: JobSpec): string => formOf(testCrypto(), spec, spec.groups[0]!)
  const before = form(files({}))
  const changes = [
    { checksum: `sha256:${'0'.repeat(64)}` },
    { destination: 'b' },
    { perms: '700' },
    { source: 'https://mirror.example/app' },
  ]
  for (const change of changes) assert.notEqual(form(files(change)), before)
  assert.notEqual(form(withTask({})), before)
})
