// Laws of who is a member: the same in every order of arrival, as many boards of a token as it says, and an operator's word that stays.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { type Admission, type Candidate, admissionRules, isTooLate, judgeAdmissions } from '../../../crdt/admission/admission.ts'
import { type Certificate, checkCertificate, signCertificate } from '../../../crdt/admission/certificate.ts'
import type { Doc } from '../../../crdt/doc.ts'
import { fleetPaths, tokensFromRegisters } from '../../../crdt/documents/fleet.ts'
import type { NodeId, PoolName, TokenId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { fleetBasis } from '../../../crdt/rights/basis.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { testCrypto, testSigner } from '../../support/crypto.ts'
import { edited, foundFleet, grant, revoke, take } from '../../support/fleet-history.ts'

const crypto = testCrypto()
const founded = foundFleet()
const shop = 'shop' as PoolName
const admins: readonly string[] = [2, 3].map((seed) => testSigner(seed).id)
const boardSeeds = Array.from({ length: 8 }, (_, index) => 70 + index)

const tokenId = (seed: number): TokenId => testSigner(seed).id as string as TokenId

function stated(seed: number, pool: string, mode: string, count: number): Map<string, Scalar> {
  const id = tokenId(seed)
  return new Map<string, Scalar>([
    [fleetPaths.token(id, 'pool'), pool],
    [fleetPaths.token(id, 'mode'), mode],
    [fleetPaths.token(id, 'count'), count],
  ])
}

/** As the board makes it, and as others check it. */
function certificate(board: number, token: number, pool: string): Certificate {
  const certified = { fleet: founded.fleet, node: testSigner(board).node, pool: pool as PoolName, name: '', labels: {} }
  const signed = signCertificate(certified, testSigner(token).signer)
  assert.ok(signed.ok)
  const checked = checkCertificate(crypto, founded.fleet, signed.value)
  assert.ok(checked.ok)
  return checked.value
}

const closed: Doc = [2, 3].reduce(
  (doc, seed) => take(founded, doc, edited(founded, doc, 1, grant(seed, 'admin')).bytes!).doc!,
  take(founded, founded.doc, edited(founded, founded.doc, 1, new Map([[fleetPaths.admission, 'certified']])).bytes!).doc!,
)

const candidate = fc.record({
  board: fc.constantFrom(...boardSeeds),
  // 2 and 3 are admins: an operator's word that a board shows. Many boards of one token, so that most histories have too many of them.
  token: fc.oneof({ weight: 3, arbitrary: fc.constant(50) }, { weight: 2, arbitrary: fc.constantFrom(51, 59, 2, 3, null) }),
  pool: fc.oneof({ weight: 5, arbitrary: fc.constant('shop') }, { weight: 1, arbitrary: fc.constant('depot') }),
  word: fc.oneof(
    { weight: 8, arbitrary: fc.constant('none') },
    { weight: 3, arbitrary: fc.constantFrom('admitted', 'admitted elsewhere', 'evicted') },
  ),
  left: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
})
const candidates = fc.uniqueArray(candidate, { selector: ({ board }) => board, minLength: 5, maxLength: boardSeeds.length }).map((list) =>
  list.map(({ board, token, pool, word, left }): Candidate => ({
    node: testSigner(board).node,
    pool: shop,
    certificate: token === null ? null : certificate(board, token, pool),
    admitted: word === 'admitted' ? shop : word === 'admitted elsewhere' ? 'depot' : '',
    evicted: word === 'evicted',
    left,
  })),
)

/** Most histories begin with a token: without one there is no seat that could be short. */
const first = fc.record({
  at: fc.nat(1),
  by: fc.constant(1),
  what: fc.record({
    kind: fc.constant('state' as const),
    token: fc.constant(50),
    pool: fc.constant('shop'),
    mode: fc.constantFrom('auto', 'auto', 'waiting-room'),
    count: fc.constant(1),
  }),
})

const step = fc.record({
  at: fc.nat(1),
  by: fc.integer({ min: 1, max: 3 }),
  what: fc.oneof(
    fc.record({
      kind: fc.constant('state' as const),
      token: fc.constantFrom(50, 50, 51),
      pool: fc.constantFrom('shop', 'shop', 'depot'),
      mode: fc.constantFrom('auto', 'waiting-room'),
      count: fc.integer({ min: 1, max: 2 }),
    }),
    fc.record({ kind: fc.constant('revoke' as const), key: fc.constantFrom(2, 3, 50, 51) }),
    fc.record({ kind: fc.constant('meet' as const) }),
  ),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const history = fc
  .tuple(fc.option(first, { freq: 6 }), fc.array(step, { minLength: 2, maxLength: 9 }))
  .map(([head, rest]) => (head === null ? rest : [head, ...rest]))

/** Two replicas on which admins make tokens, change them, and revoke them and one another; all that was signed. */
function play(steps: readonly Step[]): readonly Uint8Array[] {
  const docs = [closed, closed]
  const had: Uint8Array[][] = [[], []]
  const receive = (at: number, bytes: Uint8Array): void => {
    const taken = take(founded, docs[at], bytes)
    docs[at] = taken.doc!
    if (taken.code === 'applied') had[at]!.push(bytes)
  }
  for (const { at, by, what } of steps) {
    if (what.kind === 'meet') {
      for (const bytes of had[1 - at]!) receive(at, bytes)
      continue
    }
    const changes = what.kind === 'state' ? stated(what.token, what.pool, what.mode, what.count) : revoke(what.key)
    const { bytes } = edited(founded, fleetBasis(crypto, docs[at]!), by, changes)
    if (bytes !== null) receive(at, bytes)
  }
  return [...new Set(had.flat())]
}

const rulesOf = (doc: Doc) => admissionRules(fleetRights(doc))
const sorted = (found: ReadonlyMap<NodeId, Admission>) => [...found].sort(([a], [b]) => (a < b ? -1 : 1))

test('who is a member is the same in every order in which statements and boards are heard of', () => {
  const seen = new Set<string>()
  fc.assert(
    fc.property(history, candidates, fc.infiniteStream(fc.nat()), (steps, list, numbers) => {
      const sent = play(steps)
      const all = (order: readonly Uint8Array[]): Doc => order.reduce((doc, bytes) => take(founded, doc, bytes).doc!, closed)
      const one = rulesOf(settled(all(sent), sent))
      const other = rulesOf(settled(all(shuffled(sent, numbers)), sent))
      const [a, b] = [judgeAdmissions(crypto, one, list), judgeAdmissions(crypto, other, shuffled(list, numbers))]
      assert.deepEqual(sorted(a), sorted(b))
      for (const found of a.values()) seen.add(found.kind === 'waiting' ? found.reason : found.kind)
    }),
    { numRuns: 90 },
  )
  for (const kind of ['member', 'surplus', 'evicted', 'no-certificate', 'token-unknown', 'token-revoked', 'other-pool', 'waiting-room'])
    assert.ok(seen.has(kind), `some of these boards are ${kind}`)
})

/** What was refused for want of something earlier is offered again. */
function settled(doc: Doc, sent: readonly Uint8Array[]): Doc {
  let now = doc
  for (let before = ''; before !== now.digest;) {
    before = now.digest
    for (const bytes of sent) now = take(founded, now, bytes).doc!
  }
  return now
}

test('of a token’s boards as many are members as it says, those that left aside, and an operator’s word takes no seat and stays', () => {
  fc.assert(
    fc.property(candidates, fc.integer({ min: 1, max: 4 }), fc.nat(7), (list, count, extra) => {
      const doc = settled(closed, [edited(founded, closed, 2, stated(50, 'shop', 'auto', count)).bytes!])
      const rules = rulesOf(doc)
      const found = judgeAdmissions(crypto, rules, list)
      const claims = list.filter(
        ({ certificate, admitted, evicted, left }) =>
          admitted !== shop && !evicted && !left && certificate?.token === tokenId(50) && certificate.pool === 'shop',
      )
      const seated = claims.filter(({ node }) => found.get(node)?.kind === 'member')
      assert.equal(seated.length, Math.min(count, claims.length))
      assert.ok(claims.every(({ node }) => seated.some((one) => one.node === node) || found.get(node)?.kind === 'surplus'))
      // Whoever is admitted gives its seat to the next and to nobody else.
      const chosen = claims[extra % Math.max(1, claims.length)]
      if (chosen === undefined) return
      const again = judgeAdmissions(
        crypto,
        rules,
        list.map((one) => (one === chosen ? { ...one, admitted: shop } : one)),
      )
      assert.deepEqual(again.get(chosen.node), { kind: 'member', by: 'operator' })
      for (const { node } of seated) assert.equal(again.get(node)?.kind, 'member')
      const gone = settled(doc, [edited(founded, doc, 3, revoke(50)).bytes!])
      const later = judgeAdmissions(crypto, rulesOf(gone), list)
      for (const { node, admitted, evicted, certificate } of list) {
        const hasWord = admitted === shop || (certificate?.pool === shop && admins.includes(certificate.token))
        if (!evicted) assert.equal(later.get(node)?.kind, hasWord ? 'member' : 'waiting', JSON.stringify(certificate))
      }
    }),
    { numRuns: 90 },
  )
})

test('a fleet that says nothing of admission is open, and a token that is half stated admits nobody', () => {
  const pure = { admitted: '', evicted: false, left: false }
  const board: Candidate = { node: testSigner(70).node, pool: shop, certificate: certificate(70, 50, 'shop'), ...pure }
  assert.deepEqual(judgeAdmissions(crypto, rulesOf(founded.doc), [{ ...board, certificate: null }]).get(board.node), {
    kind: 'member',
    by: 'open',
  })
  const half = settled(closed, [edited(founded, closed, 2, new Map([[fleetPaths.token(tokenId(50), 'pool'), 'shop']])).bytes!])
  assert.deepEqual(judgeAdmissions(crypto, rulesOf(half), [board]).get(board.node), { kind: 'waiting', reason: 'token-unknown' })
})

test('a certificate of another board, and what a revoked admin had stated', () => {
  const { bytes, doc } = edited(founded, closed, 3, stated(50, 'shop', 'auto', 4))
  const made = settled(closed, [bytes!])
  assert.equal(made.digest, doc.digest)
  const borrowed: Candidate = {
    node: testSigner(71).node,
    pool: shop,
    certificate: certificate(70, 50, 'shop'),
    admitted: '',
    evicted: false,
    left: false,
  }
  const own: Candidate = { ...borrowed, node: testSigner(70).node }
  const kinds = (at: Doc) => [...judgeAdmissions(crypto, rulesOf(at), [borrowed, own]).values()].map(({ kind }) => kind)
  assert.deepEqual(kinds(made), ['waiting', 'member'])
  const retired = settled(made, [edited(founded, made, 1, revoke(3)).bytes!])
  assert.deepEqual(kinds(retired), ['waiting', 'member'], 'what a retired admin had stated stands')
  const stolen = settled(made, [edited(founded, fleetBasis(crypto, made, testSigner(3).id), 1, revoke(3)).bytes!])
  assert.deepEqual(kinds(stolen), ['waiting', 'waiting'])
})

test('a certificate that an operator has signed counts in the pools of that operator, while the key has its right', () => {
  const bob = testSigner(4).operator
  const rights = new Map<string, Scalar>([
    [fleetPaths.role(bob), 'operator'],
    [fleetPaths.pools(bob, 'depot'), true],
    [fleetPaths.jobs(bob, '*/*'), true],
  ])
  const granted = settled(closed, [edited(founded, closed, 1, rights).bytes!])
  const kindIn = (pool: string, doc: Doc): string => {
    const shown = { pool: pool as PoolName, certificate: certificate(70, 4, pool) }
    const board = { node: testSigner(70).node, ...shown, admitted: '', evicted: false, left: false }
    return judgeAdmissions(crypto, rulesOf(doc), [board]).get(board.node)!.kind
  }
  assert.deepEqual([kindIn('depot', granted), kindIn('shop', granted)], ['member', 'waiting'])
  const gone = settled(granted, [edited(founded, granted, 1, revoke(4)).bytes!])
  assert.equal(kindIn('depot', gone), 'waiting')
})

test('a token’s time is asked of the clock of whoever meets a stranger', () => {
  const until = new Map<string, Scalar>([...stated(50, 'shop', 'auto', 1), [fleetPaths.token(tokenId(50), 'until_ms'), 1_000]])
  const terms = tokensFromRegisters(until).get(tokenId(50))!
  assert.deepEqual(
    [1_000, 1_001].map((now) => isTooLate(terms, now)),
    [false, true],
  )
  assert.equal(isTooLate({ ...terms, untilMs: null }, Number.MAX_SAFE_INTEGER), false)
})

function shuffled<T>(list: readonly T[], numbers: Iterator<number>): T[] {
  const rest = [...list]
  const out: T[] = []
  while (rest.length > 0) out.push(...rest.splice((numbers.next().value as number) % rest.length, 1))
  return out
}
