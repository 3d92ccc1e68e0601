// What stands in documents that have no causal tie to the fleet document: jobs, and wishes about nodes.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { fleetPaths } from '../../../../crdt/documents/fleet.ts'
import { jobPaths, jobView, specToRegisters } from '../../../../crdt/documents/job.ts'
import type { Doc } from '../../../../crdt/doc.ts'
import { admit } from '../../../../crdt/gate.ts'
import { type DocId, type PoolName, opsDocId } from '../../../../crdt/ids.ts'
import { createReader } from '../../../../crdt/engine.ts'
import { createProjector } from '../../../../crdt/project.ts'
import { editDoc, emptyDoc } from '../../../../crdt/replica.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import { type FleetRights, fleetRights } from '../../../../crdt/rights/fleet-rights.ts'
import { judgeDoc, toEdit, wordPaths } from '../../../../crdt/rights/judge-doc.ts'
import { modelLimits } from '../../../../crdt/documents/model-limits.ts'
import { compactDoc } from '../../../../crdt/epoch.ts'
import { isHeld } from '../../../../crdt/view.ts'
import { jobSpec } from '../../../../simulator/job-spec.ts'
import { testCrypto, testSigner } from '../../../support/crypto.ts'
import { authorOf, edited, foundFleet, grant, revoke, take } from '../../../support/fleet-history.ts'

const crypto = testCrypto()
const founded = foundFleet()
const job = 'job/default/web' as DocId
const pool = 'default' as PoolName

function statement(doc: Doc, changes: ReadonlyMap<string, Scalar>): Doc {
  const taken = take(founded, doc, edited(founded, doc, 1, changes).bytes!)
  assert.equal(taken.code, 'applied')
  return taken.doc!
}

/** Key 1 is an admin, 2 and 3 are operators without limits. */
const operators = [2, 3].reduce((doc, seed) => {
  const { operator } = testSigner(seed)
  return statement(
    doc,
    new Map([...grant(seed, 'operator'), [fleetPaths.pools(operator, '*'), true], [fleetPaths.jobs(operator, '*/*'), true]]),
  )
}, founded.doc)
const before = fleetRights(operators)
const withRevocation = statement(operators, revoke(2))
const revoked = fleetRights(withRevocation)

const write = (doc: Doc, seed: number, changes: Readonly<Record<string, Scalar>>): { doc: Doc; bytes: Uint8Array } => {
  const { doc: next, envelopes } = editDoc(crypto, doc, authorOf(seed, founded.fleet), new Map(Object.entries(changes)))
  return { doc: next, bytes: envelopes[0]!.bytes }
}
const merged = (doc: Doc | undefined, rights: FleetRights, ...all: readonly { readonly bytes: Uint8Array }[]): Doc => {
  let known = doc
  for (const { bytes } of all) {
    const admitted = admit(crypto, known, bytes, { fleet: founded.fleet, rights })
    assert.ok(admitted.ok, admitted.ok ? '' : `${admitted.code} ${admitted.message}`)
    known = admitted.value.doc
  }
  return known!
}
const read = (doc: Doc, rights = revoked): Doc => judgeDoc(doc, rights)

const submitted = write(emptyDoc(crypto, job, pool), 3, Object.fromEntries(specToRegisters(jobSpec({ count: 2, command: '/bin/a' }))))
const commandPath = [...submitted.doc.registers].find(([, value]) => value === '/bin/a')![0]

test('nothing is judged while everybody has a right', () => {
  const two = write(submitted.doc, 2, { [commandPath]: '/bin/b' })
  assert.equal(read(two.doc, before), two.doc)
})

test('an edit of a revoked key is void wherever it comes from, and what it overwrote is back', () => {
  const two = write(submitted.doc, 2, { [commandPath]: '/bin/b', [jobPaths.desired]: 'stopped' })
  const three = write(two.doc, 3, { [jobPaths.note]: 'on top' })
  for (const rights of [before, revoked]) {
    const doc = read(merged(undefined, rights, submitted, two, three))
    assert.equal(doc.registers.get(commandPath), '/bin/a')
    assert.equal(doc.registers.get(jobPaths.desired) ?? null, null)
    assert.equal(doc.registers.get(jobPaths.note), 'on top')
    assert.equal(doc.judged?.voided.size, 1)
    assert.equal(jobView(crypto, doc).version.count, 3, 'versions only rise')
  }
})

test('an admin’s word covers what it had seen and nothing else; nobody else’s word counts', () => {
  const two = write(submitted.doc, 2, { [commandPath]: '/bin/b' })
  const vouch = { [wordPaths.vouch(testSigner(2).operator)]: 1 }
  const word = write(two.doc, 1, vouch)
  const late = write(two.doc, 2, { [jobPaths.note]: 'late' })
  const doc = read(merged(word.doc, revoked, late))
  assert.equal(doc.registers.get(commandPath), '/bin/b')
  assert.equal(doc.registers.get(jobPaths.note) ?? null, null)
  for (const by of [2, 3]) assert.equal(read(write(two.doc, by, vouch).doc).registers.get(commandPath), '/bin/a')
})

test('writing what a void edit wrote is a change, and counts', () => {
  const two = write(submitted.doc, 2, { [commandPath]: '/bin/b' })
  const again = editDoc(crypto, toEdit(read(two.doc)), authorOf(3, founded.fleet), new Map([[commandPath, '/bin/b']]))
  const taken = merged(two.doc, revoked, ...again.envelopes)
  assert.equal(read(taken).registers.get(commandPath), '/bin/b')
})

test('held is only what void edits alone explain: a revoked key cannot freeze what runs rightly', () => {
  const form = (doc: Doc): string => jobView(crypto, doc).forms.get('g')!
  const a = form(submitted.doc)
  const two = write(submitted.doc, 2, { [commandPath]: '/bin/b', 'spec/groups/g/count': 5 })
  const b = form(two.doc)
  const view = jobView(crypto, read(two.doc))
  assert.equal(view.forms.get('g'), a)
  assert.deepEqual(
    [0, 4, 5].map((index) => isHeld(view, 'g', index, b as never)),
    [true, true, true],
  )
  assert.deepEqual(
    [0, 1].map((index) => isHeld(view, 'g', index, a as never)),
    [false, false],
  )
  // The same form and more copies: those that were there before are not held.
  const more = jobView(crypto, read(write(submitted.doc, 2, { 'spec/groups/g/count': 4 }).doc))
  assert.deepEqual(
    [1, 2, 3, 4].map((index) => isHeld(more, 'g', index, a as never)),
    [false, true, true, true],
  )
  const given = write(two.doc, 1, { [wordPaths.release(testSigner(2).operator)]: 1 })
  assert.equal(jobView(crypto, read(given.doc)).held, null)
})

test('nothing that a revoked key goes on to write lets go what runs by it, or holds what ran rightly', () => {
  const form = (doc: Doc): string => jobView(crypto, doc).forms.get('g')!
  const next = write(submitted.doc, 3, { [commandPath]: '/bin/b' })
  let doc = write(next.doc, 2, { [commandPath]: '/bin/void' }).doc
  const acted = form(doc)
  const [a, b] = [form(submitted.doc), form(next.doc)]
  for (let index = 0; index < modelLimits.fallbackEditsMax + 1; index++) doc = write(doc, 2, { [jobPaths.note]: `${index}` }).doc
  // It names an old form, too.
  doc = write(doc, 2, { [commandPath]: '/bin/a', 'spec/groups/g/count': 9 }).doc
  const view = jobView(crypto, read(doc))
  assert.deepEqual(
    [acted, a, b].map((one) => isHeld(view, 'g', 0, one as never)),
    [true, false, false],
  )
})

test('what two sides had together before the next edit joined them is explained', () => {
  const sides = [
    write(submitted.doc, 3, { [commandPath]: '/bin/b' }),
    write(submitted.doc, 1, { [commandPath.replace('config/command', 'env/A')]: '1' }),
  ]
  const both = merged(submitted.doc, before, ...sides)
  const form = jobView(crypto, both).forms.get('g')!
  const third = write(both, 3, { [commandPath]: '/bin/c' })
  const view = jobView(crypto, read(write(third.doc, 2, { [commandPath]: '/bin/void' }).doc))
  assert.notEqual(view.forms.get('g'), form)
  assert.equal(isHeld(view, 'g', 0, form), false)
})

test('of a job that only a revoked key knew: held until it is given up, and then gone; an order to stop it counts at once', () => {
  const own = write(emptyDoc(crypto, job, pool), 2, Object.fromEntries(specToRegisters(jobSpec({ command: '/bin/x' }))))
  const held = jobView(crypto, read(own.doc))
  assert.deepEqual([held.desired, held.spec, held.held?.standing.size], ['run', null, 0])
  const given = jobView(crypto, read(write(own.doc, 1, { [wordPaths.release(testSigner(2).operator)]: 1 }).doc))
  assert.deepEqual([given.desired, given.held], ['removed', null])
  const stopped = write(own.doc, 3, { [jobPaths.desired]: 'stopped' })
  assert.deepEqual([jobView(crypto, read(stopped.doc)).desired, jobView(crypto, read(stopped.doc)).held], ['stopped', null])
  const late = write(own.doc, 2, { [jobPaths.note]: 'late' })
  assert.notEqual(jobView(crypto, read(merged(stopped.doc, revoked, late))).held, null, 'not known to whoever stopped it')
})

test('a void edit about where a system job runs holds its copies where they are', () => {
  const path = 'spec/constraints/abcdefab'
  assert.equal(jobView(crypto, read(write(submitted.doc, 2, { [path]: 'node.name = b1' }).doc)).held?.places, true)
  assert.equal(jobView(crypto, read(write(submitted.doc, 2, { [jobPaths.note]: 'x' }).doc)).held?.places, false)
})

test('one change more of a job with void history reads one version more, not all again', () => {
  let hashes = 0
  const counting = { ...crypto, sha256: (bytes: Uint8Array) => ((hashes += 1), crypto.sha256(bytes)) }
  let doc = write(submitted.doc, 2, { [commandPath]: '/bin/void' }).doc
  for (let index = 0; index < 20; index++) doc = write(doc, 3, { 'spec/groups/g/count': index + 1 }).doc
  jobView(counting, read(doc))
  const first = hashes
  jobView(counting, read(write(doc, 3, { [jobPaths.note]: 'next' }).doc))
  assert.ok(first > 20 && hashes - first < 10, `${first}, then ${hashes - first}`)
})

test('a job that only a revoked key knows is no job; its right says so in a void grant as well', () => {
  const own = write(emptyDoc(crypto, job, pool), 2, Object.fromEntries(specToRegisters(jobSpec({ command: '/bin/x' }))))
  assert.equal(jobView(crypto, read(own.doc)).spec, null)
  const stranger = write(emptyDoc(crypto, job, pool), 8, { [jobPaths.note]: 'x' })
  const refused = admit(crypto, undefined, stranger.bytes, { fleet: founded.fleet, rights: revoked })
  assert.equal(refused.ok ? 'applied' : refused.code, 'E_RIGHT')
})

test('wishes about nodes are judged alike; a revoked key begins no epoch', () => {
  const ops = opsDocId(testSigner(20).node)
  const evicted = write(emptyDoc(crypto, ops, pool), 2, { evicted: true })
  assert.equal(read(evicted.doc).registers.get('evicted') ?? null, null)
  const anew = compactDoc(crypto, submitted.doc, authorOf(2, founded.fleet), new Map([[jobPaths.note, 'mine']]))
  const refused = admit(crypto, submitted.doc, anew.envelopes[0]!.bytes, { fleet: founded.fleet, rights: revoked })
  assert.equal(refused.ok ? 'applied' : refused.code, 'E_RIGHT')
  assert.ok(admit(crypto, submitted.doc, anew.envelopes[0]!.bytes, { fleet: founded.fleet, rights: before }).ok)
})

test('a job that changed along with the rights of its authors is read once', () => {
  let reads = 0
  const reader = createReader(crypto)
  const counting = { ...reader, readJob: (doc: Doc) => ((reads += 1), reader.readJob(doc)) }
  const projector = createProjector(counting)
  const view = (fleet: Doc, doc: Doc) =>
    projector({
      pool,
      docs: new Map([
        [fleet.id, fleet],
        [doc.id, doc],
      ]),
      livenessOf: () => 'alive',
    })
  const two = write(submitted.doc, 2, { [commandPath]: '/bin/b' })
  view(operators, two.doc)
  const next = view(withRevocation, write(two.doc, 3, { [jobPaths.note]: 'new' }).doc)
  assert.equal(reads, 2)
  assert.notEqual(next.jobs.get('default/web' as never)?.held, null)
})
