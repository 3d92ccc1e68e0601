// Laws of changes that several admins sign, over random histories of honest and stolen keys: the same in every order of arrival, and what
// stands has as many signatures as it takes, counted anew here from the definition.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { Doc } from '../../../crdt/doc.ts'
import { fleetPaths } from '../../../crdt/documents/fleet.ts'
import type { AuthorId } from '../../../crdt/ids.ts'
import type { Scalar } from '../../../crdt/registers.ts'
import { type HistoryEntry, historyOf } from '../../../crdt/replica.ts'
import { fleetRights } from '../../../crdt/rights/fleet-rights.ts'
import { toldBy } from '../../../crdt/rights/fleet-statements.ts'
import { knowledgeOf } from '../../../crdt/rights/past.ts'
import { approvedIn, isGuarded, proposedIn, saysTheSame, thresholdIn } from '../../../crdt/rights/proposals.ts'
import { openProposals } from '../../../crdt/rights/open-proposals.ts'
import { testSigner } from '../../support/crypto.ts'
import { type Founded, type Move, foundFleet, grant, play, revoke, shuffled, takeAll } from '../../support/fleet-history.ts'
import { approve, propose, threshold } from '../../support/fleet-signing.ts'

const replicas = 3
const keys = 5
const recoveryKey = 9

/** What a step draws; which change of those that suit the replica is the number's. */
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('together', 'together', 'propose', 'approve', 'enact', 'alone', 'merge', 'merge'),
  at: fc.nat(replicas - 1),
  by: fc.oneof({ weight: 12, arbitrary: fc.integer({ min: 1, max: keys }) }, { weight: 1, arbitrary: fc.constant(recoveryKey) }),
  to: fc.integer({ min: 1, max: keys }),
  what: fc.nat(5),
})

interface Step {
  readonly kind: 'together' | 'propose' | 'approve' | 'enact' | 'alone' | 'merge'
  readonly at: number
  readonly by: number
  readonly to: number
  readonly what: number
}

const guarded = (to: number, what: number, index: number): Map<string, Scalar> => {
  if (what < 2) return grant(to, 'admin').set(fleetPaths.operatorName(testSigner(to).operator), `name-${index}`)
  return what < 4 ? revoke(to) : threshold((to % 3) + 1)
}

/** Key 1 makes three others admins, and two of them set a threshold on one side: the others are on a day without one. */
const beginning: readonly Move[] = [
  ...[2, 3, 4].map((to): Move => ({ kind: 'write', at: 0, by: 1, changes: () => grant(to, 'admin') })),
  ...[1, 2].map((at): Move => ({ kind: 'merge', at, from: 0 })),
  { kind: 'write', at: 0, by: 1, changes: () => propose('first', threshold(2)) },
  { kind: 'write', at: 0, by: 2, changes: () => threshold(2) },
]

function movesOf({ kind, at, by, to, what }: Step, index: number): readonly Move[] {
  if (kind === 'merge') return [{ kind, at, from: (at + 1 + (to % (replicas - 1))) % replicas }]
  if (kind === 'together') {
    const writes = guarded((to % keys) + 1, what, index)
    return [
      { kind: 'write', at, by: to, changes: () => propose(`t${index}`, writes) },
      { kind: 'write', at, by, changes: () => writes },
    ]
  }
  return [{ kind: 'write', at, by, changes: (doc, index) => changesOf({ kind, to, what }, doc, index) }]
}

function changesOf({ kind, to, what }: Pick<Step, 'kind' | 'to' | 'what'>, doc: Doc, index: number): ReadonlyMap<string, Scalar> {
  if (kind === 'propose') return propose(`p${index}`, guarded(to, what, index))
  const open = openProposals(fleetRights(doc))
  const one = open[(to + what) % Math.max(1, open.length)]
  if (kind === 'alone' || one === undefined) return guarded(to, what, index)
  return kind === 'approve' ? approve(one.hash, index + 1) : one.writes
}

const history = fc.array(step, { minLength: 6, maxLength: 14 })

function sentIn(founded: Founded, steps: readonly Step[]): readonly Uint8Array[] {
  return play(founded, replicas, [...beginning, ...steps.flatMap(movesOf)])
}

test('who rules the fleet is the same in every order of arrival', () => {
  let short = 0
  fc.assert(
    fc.property(history, fc.infiniteStream(fc.nat()), (steps, numbers) => {
      const founded = foundFleet(recoveryKey)
      const sent = sentIn(founded, steps)
      const [one, other] = [takeAll(founded, sent), takeAll(founded, shuffled(sent, numbers))]
      assert.equal(one.digest, other.digest)
      const [a, b] = [fleetRights(one), fleetRights(other)]
      if (a.voided.size > 0) short++
      assert.deepEqual([...a.now].sort(), [...b.now].sort())
      assert.deepEqual(a.voided, b.voided)
      assert.equal(a.threshold, b.threshold)
      assert.deepEqual(openProposals(a), openProposals(b))
    }),
    { numRuns: 40 },
  )
  assert.ok(short > 5, 'some of these histories have changes that too few signed')
})

/** A history's standing changes, by the definitions of docs/adr/0025. */
class Standing {
  readonly entries: readonly HistoryEntry[]
  readonly knows
  readonly told

  constructor(doc: Doc) {
    const { voided } = fleetRights(doc)
    const all = historyOf(doc)
    this.knows = knowledgeOf(all)
    this.told = toldBy(all).filter(({ entry }) => !voided.has(entry.hash))
    this.entries = this.told.map(({ entry }) => entry)
  }

  /** Strictly before. */
  pastOf(one: HistoryEntry): readonly HistoryEntry[] {
    return this.entries.filter((other) => other !== one && this.knows(one.hash, other.hash))
  }

  neededFor(one: HistoryEntry): number {
    const past = this.pastOf(one).filter(({ writes }) => thresholdIn(writes) !== null)
    const latest = past.filter((set) => !past.some((later) => later !== set && this.knows(later.hash, set.hash)))
    const beside = this.entries.filter(({ hash }) => !this.knows(one.hash, hash) && !this.knows(hash, one.hash))
    return Math.max(1, ...[one, ...latest, ...beside].map(({ writes }) => thresholdIn(writes) ?? 1))
  }

  signersOf(one: HistoryEntry): ReadonlySet<AuthorId> {
    const past = this.pastOf(one)
    const signers = new Set([one.author])
    for (const proposal of past) {
      const proposed = proposedIn(proposal.writes)
      if (proposed === null || !saysTheSame(proposed, one.writes)) continue
      if (past.some((other) => saysTheSame(other.writes, one.writes) && this.knows(other.hash, proposal.hash))) continue
      const signed = past.filter((other) => approvedIn(other.writes).includes(proposal.hash) && this.knows(other.hash, proposal.hash))
      for (const { author } of [proposal, ...signed]) signers.add(author)
    }
    const revoked = this.told.filter(({ entry }) => past.includes(entry)).flatMap(({ revokes }) => revokes)
    for (const key of revoked) if (key !== one.author) signers.delete(key)
    return signers
  }

  /** Of several admins: in any case, or because it revokes one of them who is one before it or beside it. */
  isMatter(one: HistoryEntry): boolean {
    if (isGuarded(one.writes)) return true
    const revokes = this.told.find(({ entry }) => entry === one)!.revokes
    return this.told.some(({ entry, admins }) => admins.some((key) => revokes.includes(key)) && !this.knows(entry.hash, one.hash))
  }
}

test('what stands has as many signatures of standing admins as it takes, and no revocation of its author that did not know it', () => {
  let several = 0
  fc.assert(
    fc.property(history, (steps) => {
      const founded = foundFleet(recoveryKey)
      const doc = takeAll(founded, sentIn(founded, steps))
      const standing = new Standing(doc)
      for (const one of standing.entries) {
        for (const { entry, revokes } of standing.told)
          if (revokes.includes(one.author) && entry !== one) assert.ok(standing.knows(entry.hash, one.hash))
        if (one.deps.length === 0 || one.author === testSigner(recoveryKey).id || !standing.isMatter(one)) continue
        const [signers, needed] = [standing.signersOf(one), standing.neededFor(one)]
        assert.ok(signers.size >= needed, `${[...one.writes.keys()].join()}: ${signers.size} of ${needed}`)
        if (needed > 1 && thresholdIn(one.writes) === null) several++
      }
      assert.equal(fleetRights(doc).now.get(testSigner(recoveryKey).id)?.role, 'admin')
    }),
    { numRuns: 60 },
  )
  assert.ok(several > 0, 'some of these were signed by several')
})
