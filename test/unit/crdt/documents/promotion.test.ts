// What a job's document says of promotions: words of operators, and how orders followed one another.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { updateDefaults } from '../../../../crdt/documents/defaults.ts'
import { jobView, promotedPath, specToRegisters } from '../../../../crdt/documents/job.ts'
import { checkSpec, faultText } from '../../../../crdt/documents/job-rules.ts'
import { difference } from '../../../../crdt/registers.ts'
import type { JobSpec, UpdatePolicy } from '../../../../crdt/spec.ts'
import { jobWith } from '../../../../simulator/sample-job.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { type Edited, edit, merge, newDoc } from '../../../support/edit.ts'

const crypto = testCrypto()
const version = (program: string, update: Partial<UpdatePolicy> = { canary: 1 }, count = 3): JobSpec =>
  jobWith({ count, update: { ...updateDefaults, ...update } }, { env: { PROGRAM: program } })

function order(from: Pick<Edited, 'doc'>, spec: JobSpec, seed = 1): Edited {
  const known = new Map([...from.doc.registers].filter(([path]) => path.startsWith('spec/')))
  return edit(from.doc, seed, difference(known, specToRegisters(spec)))
}

const first = (spec: JobSpec): Edited => edit(newDoc('job/default/shop'), 1, specToRegisters(spec))
const ordered = ({ doc }: Pick<Edited, 'doc'>): string[] | undefined => {
  const { versions = [], ordering } = jobView(crypto, doc)
  return ordering?.map(({ version: at, promotions }) => {
    const { canaries = 0, auto = false } = promotions.get('web') ?? {}
    return `${versions[at]!.spec.groups[0]!.tasks[0]!.env['PROGRAM']} ${canaries}${auto ? ' auto' : ''}`
  })
}

test('orders as they followed one another; edits that change no form belong to one, and the most lenient of them counts', () => {
  const plain = first(version('a', {}))
  assert.equal(ordered(plain), undefined)
  const waits = order(plain, version('b', { canary: 2 }))
  assert.deepEqual(ordered(waits), ['b 2', 'a 0'])
  assert.deepEqual(ordered(order(waits, version('b', { canary: 1, autoPromote: true }))), ['b 1 auto', 'a 0'])
  assert.equal(
    ordered(order(order(waits, version('b', {})), version('b'))),
    undefined,
    'canaries that are asked for later take nothing back',
  )
  assert.deepEqual(ordered(order(waits, version('a'))), ['a 1', 'b 2', 'a 0'])
  const again = order(order(order(waits, version('b', {})), version('c')), version('b'))
  assert.deepEqual(ordered(again), ['b 1', 'c 1', 'b 0', 'a 0'], 'an older order is no word about the newest')
})

test('a version that none asked canaries for is found behind any number of attempts', () => {
  let doc = order(first(version('a', {})), version('b'))
  for (const program of ['c', 'd', 'e', 'f', 'g']) doc = order(doc, version(program))
  assert.deepEqual(ordered(doc)?.at(-1), 'a 0')
  for (let count = 4; count < 24; count++) doc = order(doc, version('g', { canary: 1 }, count))
  assert.deepEqual(ordered(doc)?.at(-1), 'a 0')
})

test('words: of two sides both count; what is no form is no word', () => {
  const waits = order(first(version('a', {})), version('b'))
  const promoted = (doc: Pick<Edited, 'doc'>) => jobView(crypto, doc.doc).promoted?.get('web')
  const [one, other] = ['1111111111111111', '2222222222222222'] as const
  assert.equal(promoted(waits), undefined)
  const here = edit(waits.doc, 1, { [promotedPath('web')]: one })
  assert.deepEqual(promoted(here), [one])
  assert.deepEqual(promoted(edit(here.doc, 1, { [promotedPath('web')]: other })), [other])
  const there = edit(waits.doc, 2, { [promotedPath('web')]: other })
  assert.deepEqual(promoted({ doc: merge(here.doc, there) }), [one, other])
  assert.deepEqual(promoted({ doc: merge(there.doc, here) }), [one, other])
  for (const odd of [true, 7, 'f2', null]) assert.equal(promoted(edit(waits.doc, 1, { [promotedPath('web')]: odd })), undefined)
  assert.equal(jobView(crypto, edit(waits.doc, 1, { [`${promotedPath('web')}/more`]: one }).doc).promoted, undefined)
})

test('what makes no sense is refused: a promotion of no canaries, canaries of a system job', () => {
  const faults = (spec: JobSpec): string => checkSpec(spec).map(faultText).join('\n')
  assert.equal(faults(version('a', { canary: 50_000, autoPromote: true })), '')
  assert.match(faults(version('a', { autoPromote: true })), /update\/auto_promote: found true without canaries/)
  assert.match(faults({ ...version('a', { canary: 1 }, 1), type: 'system' }), /update\/canary: found 1; allowed: 0 in a system job/)
  assert.match(faults({ ...version('a', { canary: 1 }), type: 'batch' }), /an update block/)
})
