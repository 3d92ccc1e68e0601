// The versions that a job may go back to by itself, as its document tells them.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { updateDefaults } from '../../../../crdt/documents/defaults.ts'
import { jobPaths, jobView, restartPath, specToRegisters } from '../../../../crdt/documents/job.ts'
import { modelLimits } from '../../../../crdt/documents/model-limits.ts'
import { difference } from '../../../../crdt/registers.ts'
import type { GroupSpec, JobSpec } from '../../../../crdt/spec.ts'
import { jobWith } from '../../../../simulator/sample-job.ts'
import { testCrypto } from '../../../support/crypto.ts'
import { type Edited, edit, merge, newDoc } from '../../../support/edit.ts'

const crypto = testCrypto()
const reverting: Partial<GroupSpec> = { update: { ...updateDefaults, autoRevert: true } }
const version = (program: string, group: Partial<GroupSpec> = reverting): JobSpec => jobWith(group, { env: { PROGRAM: program } })

function order(from: Edited, spec: JobSpec, seed = 1): Edited {
  const known = new Map([...from.doc.registers].filter(([path]) => path.startsWith('spec/')))
  return edit(from.doc, seed, difference(known, specToRegisters(spec)))
}

const first = (spec: JobSpec): Edited => edit(newDoc('job/default/shop'), 1, specToRegisters(spec))
const programs = ({ doc }: Pick<Edited, 'doc'>) =>
  jobView(crypto, doc).versions?.map(({ spec, orders }) => `${spec.groups[0]?.tasks[0]?.env['PROGRAM']} ${orders}`)

test('only a job whose newest version says auto_revert has them: newest first, each program once', () => {
  const one = first(version('a', {}))
  assert.equal(programs(one), undefined)
  assert.deepEqual(programs(order(one, version('b'))), ['b 1', 'a 1'])
  const three = order(order(one, version('b')), version('c'))
  assert.deepEqual(programs(three), ['c 1', 'b 1', 'a 1'])
  assert.equal(programs(order(three, version('d', {}))), undefined)
  const scaled = order(three, version('c', { ...reverting, count: 7 }))
  assert.deepEqual(programs(scaled), ['c 1', 'b 1', 'a 1'], 'a change that restarts nothing is no other version')
  assert.deepEqual(jobView(crypto, scaled.doc).versions?.[0]?.spec.groups[0]?.count, 7)
  assert.deepEqual(
    jobView(crypto, scaled.doc).versions?.map(({ version: at }) => at.count),
    [4, 2, 1],
  )
})

test('going back and ordering it again is another order; wishes and pauses are none', () => {
  let doc = order(first(version('a')), version('b'))
  doc = edit(doc.doc, 1, { [jobPaths.paused]: true })
  doc = edit(doc.doc, 1, { [restartPath('web', 0)]: 1 })
  assert.deepEqual(programs(doc), ['b 1', 'a 1'])
  doc = order(order(doc, version('a')), version('b'))
  assert.deepEqual(programs(doc), ['b 2', 'a 2'])
})

test('each version knows the lowest count that it was ever ordered at', () => {
  const counted = (program: string, count: number): JobSpec => version(program, { ...reverting, count })
  const doc = [counted('a', 3), counted('b', 2), counted('b', 5), counted('a', 1), counted('b', 4)].reduce<Edited>(
    (before, spec) => order(before, spec),
    first(counted('a', 9)),
  )
  const least = jobView(crypto, doc.doc).versions?.map(({ leastCounts }) => [...leastCounts.values()])
  assert.deepEqual(
    [programs(doc), least],
    [
      ['b 2', 'a 2'],
      [[2], [1]],
    ],
  )
})

test('what does not validate is no version to go back to', () => {
  const broken = edit(first(version('a')).doc, 1, { 'spec/priority': 1000 })
  const mended = edit(broken.doc, 1, specToRegisters(version('b')))
  assert.deepEqual(programs(edit(mended.doc, 1, { 'spec/priority': 50 })), ['b 1', 'a 1'])
})

test('wishes drive no version out of sight, and the number of versions is bounded', () => {
  let doc = order(first(version('a')), version('b'))
  for (let n = 1; n <= modelLimits.goBackEditsMax; n++) doc = edit(doc.doc, 1, { [restartPath('web', 0)]: n })
  assert.deepEqual(programs(doc), ['b 1', 'a 1'])
  for (const program of ['c', 'd', 'e', 'f']) doc = order(doc, version(program))
  assert.deepEqual(programs(doc), ['f 1', 'e 1', 'd 1', 'c 1'])
})

test('of two sides, both versions are there, in the same order for everybody', () => {
  const base = first(version('a'))
  const [left, right] = [order(base, version('b'), 1), order(base, version('c', { ...reverting, count: 5 }), 2)]
  const [here, there] = [merge(left.doc, right), merge(right.doc, left)]
  assert.deepEqual(programs({ doc: here }), programs({ doc: there }))
  const named = programs({ doc: here })?.map((one) => one.slice(0, 1))
  assert.deepEqual(named?.toSorted(), ['a', 'b', 'c'])
})
