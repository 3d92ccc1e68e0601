// What stands in a job's document is the same in every order of arrival, whoever wrote what on which side, and whatever is void.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import { jobPaths, jobView, specToRegisters } from '../../../crdt/documents/job.ts'
import { admit } from '../../../crdt/gate.ts'
import type { DocId, PoolName } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../../crdt/replica.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { judgeDoc, toEdit, wordPaths } from '../../../crdt/rights/judge-doc.ts'
import { jobSpec } from '../../../simulator/job-spec.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { authorOf, edited, foundFleet, grant, revoke, take } from '../../support/fleet-history.ts'

const crypto = testCrypto()
const founded = foundFleet()
const replicas = 3

function statement(doc: Doc, changes: ReadonlyMap<string, Scalar>): Doc {
  const taken = take(founded, doc, edited(founded, doc, 1, changes).bytes!)
  assert.equal(taken.code, 'applied')
  return taken.doc!
}

const everything = (seed: number): [string, Scalar][] => {
  const { operator } = testSigner(seed)
  return [
    [fleetPaths.pools(operator, '*'), true],
    [fleetPaths.jobs(operator, '*/*'), true],
  ]
}
/** Keys 1 and 2 are admins, 3 and 4 operators; 2 and 3 are revoked in the end. */
const granted = statement(
  founded.doc,
  new Map([...grant(2, 'admin'), ...grant(3, 'operator'), ...everything(3), ...grant(4, 'operator'), ...everything(4)]),
)
const before = fleetRights(granted)
const after = fleetRights(statement(granted, new Map([...revoke(2), ...revoke(3)])))

const first = editDoc(
  crypto,
  emptyDoc(crypto, 'job/default/web' as DocId, 'default' as PoolName),
  authorOf(4, founded.fleet),
  specToRegisters(jobSpec({ count: 2, command: '/bin/a' })),
)
const commandPath = [...first.doc.registers].find(([, value]) => value === '/bin/a')![0]

const at = fc.nat(replicas - 1)
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('edit' as const), at, by: fc.integer({ min: 1, max: 4 }), what: fc.nat(5) }) },
  // Words count from the founder alone, so that most are its.
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('word' as const), at, by: fc.constantFrom(1, 1, 1, 2, 3, 4), what: fc.nat(3) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('merge' as const), at, by: at, what: fc.constant(0) }) },
)
type Step = { readonly kind: 'edit' | 'word' | 'merge'; readonly at: number; readonly by: number; readonly what: number }

const changesOf = ({ kind, what }: Step): ReadonlyMap<string, Scalar> => {
  if (kind === 'word') return new Map([[wordPaths[what < 2 ? 'vouch' : 'release'](testSigner(2 + (what % 2)).operator), 1 + what]])
  const all: readonly [string, Scalar][] = [
    [commandPath, '/bin/b'],
    [commandPath, '/bin/c'],
    ['spec/groups/g/count', 4],
    ['spec/groups/g/count', 1],
    [jobPaths.desired, 'stopped'],
    [jobPaths.desired, 'run'],
  ]
  return new Map([all[what]!])
}

function taken(doc: Doc | undefined, bytes: Uint8Array, rights = before): Doc | undefined {
  const admitted = admit(crypto, doc, bytes, { fleet: founded.fleet, rights })
  if (admitted.ok) return admitted.value.doc
  assert.equal(admitted.code, 'E_MISSING')
  return doc
}

/** What was signed, in the order in which it was. */
function play(steps: readonly Step[]): readonly Uint8Array[] {
  const docs: Doc[] = Array.from({ length: replicas }, () => first.doc)
  const sent: Uint8Array[][] = Array.from({ length: replicas }, () => [])
  const all = [first.envelopes[0]!.bytes]
  for (const one of steps) {
    if (one.kind === 'merge') {
      for (const bytes of sent[one.by]!) {
        docs[one.at] = taken(docs[one.at], bytes)!
        if (!sent[one.at]!.includes(bytes)) sent[one.at]!.push(bytes)
      }
      continue
    }
    const made = editDoc(crypto, toEdit(judgeDoc(docs[one.at]!, before)), authorOf(one.by, founded.fleet), changesOf(one))
    docs[one.at] = made.doc
    for (const { bytes } of made.envelopes) {
      all.push(bytes)
      sent[one.at]!.push(bytes)
    }
  }
  return all
}

/** All of it, however often it takes. */
function gathered(envelopes: readonly Uint8Array[], rights: typeof before): Doc {
  let doc: Doc | undefined
  for (let round = 0; round < envelopes.length; round++) {
    const known = doc?.changeCount
    for (const bytes of envelopes) doc = taken(doc, bytes, rights)
    if (doc?.changeCount === known) break
  }
  return doc!
}

test('what counts, what is void, what is given up and what is held: the same in every order, revocation before or after', () => {
  let [voided, vouched, released, held] = [0, 0, 0, 0]
  fc.assert(
    fc.property(fc.array(step, { minLength: 6, maxLength: 16 }), fc.infiniteStream(fc.nat()), (steps, numbers) => {
      const all = play(steps)
      const shuffled = [...all].map((bytes) => [numbers.next().value as number, bytes] as const).sort(([a], [b]) => a - b)
      const docs = [
        gathered(all, before),
        gathered(
          shuffled.map(([, bytes]) => bytes),
          after,
        ),
      ]
      assert.equal(docs[0]!.digest, docs[1]!.digest)
      const [one, other] = docs.map((doc) => judgeDoc(doc, after))
      assert.deepEqual(new Map([...one!.registers].sort()), new Map([...other!.registers].sort()))
      assert.deepEqual(new Map([...one!.conflicts].sort()), new Map([...other!.conflicts].sort()))
      assert.deepEqual(one!.judged?.voided, other!.judged?.voided)
      assert.deepEqual(new Set(one!.judged?.released), new Set(other!.judged?.released))
      const [view, same] = [one!, other!].map((doc) => jobView(crypto, doc))
      assert.deepEqual(view, same)
      if (one!.judged !== undefined) voided++
      if ((one!.judged?.released.size ?? 0) > 0) released++
      if (view!.held !== null) held++
      const byRevoked = [...one!.clock.values()].filter(({ author }) => after.revoked.has(author)).length
      if (byRevoked > (one!.judged?.voided.size ?? 0)) vouched++
    }),
    { numRuns: 100 },
  )
  for (const count of [voided, vouched, released, held])
    assert.ok(count > 0, `${voided} void, ${vouched} vouched, ${released} given up, ${held} held`)
})
