// How many admins must have signed a change of who rules the fleet, and how many have. The threshold is asked of the change's own past, and
// of what was set beside it: or the owner of one stolen key would write on top of an old day, on which one signature was enough.

import type { AuthorId, ChangeHash } from '../ids.ts'
import type { ToldEntry } from './fleet-statements.ts'
import { type Guard, type Judged, type Signature, type SignedProposal, type Threshold, anyStands, isSupported } from './judged.ts'
import type { Knows } from './past.ts'
import { type Proposal, enactedBy, isGuarded, proposalsIn, thresholdAfter, thresholdIn } from './proposals.ts'

/** Says of each change what it takes besides its author's right. `recovery`: that key signs alone, or a fleet that has lost its admins would be lost. */
export function setGuards(told: readonly ToldEntry[], judged: readonly Judged[], knows: Knows): void {
  const thresholds = judged.flatMap((by) => {
    const value = thresholdIn(by.entry.writes)
    return value === null ? [] : [{ by, value }]
  })
  // Until somebody sets a threshold one signature is enough for everything.
  if (thresholds.length === 0) return
  const all: Relations = {
    told,
    judged,
    knows,
    thresholds,
    proposals: proposalsIn(
      judged.map(({ entry }) => entry),
      knows,
    ),
  }
  const recovery = recoveryIn(told)
  for (const [index, one] of judged.entries())
    if (!one.founding && one.entry.author !== recovery) one.guard = guardOf(one, told[index]!, all)
}

/** The key that the founding change put before the founder's. */
export function recoveryIn(told: readonly ToldEntry[]): AuthorId | undefined {
  const [founding] = told
  return founding?.admins.find((key) => founding.entry.writes.get(`recovery/${key}`) === 1)
}

interface Relations {
  readonly told: readonly ToldEntry[]
  readonly judged: readonly Judged[]
  readonly knows: Knows
  readonly thresholds: readonly Threshold[]
  readonly proposals: readonly Proposal[]
}

function guardOf(one: Judged, { revokes }: ToldEntry, all: Relations): Guard | null {
  const { knows, thresholds } = all
  const { hash, writes } = one.entry
  const always = isGuarded(writes)
  const admins = always ? null : adminsAmong(revokes, hash, all)
  if (admins?.length === 0) return null
  const others = thresholds.filter(({ by }) => by !== one && !knows(by.entry.hash, hash))
  const before = others.filter(({ by }) => knows(hash, by.entry.hash))
  return {
    admins,
    sets: thresholdIn(writes) ?? 1,
    before,
    knows,
    beside: others.filter(({ by }) => !knows(hash, by.entry.hash)),
    proposals: enactedBy(one.entry, all.proposals, knows).map((proposal) => signed(proposal, hash, all)),
  }
}

/** Those that are granted later are no reason: the revocation was there first. */
function adminsAmong(revokes: readonly AuthorId[], hash: ChangeHash, { told, judged, knows }: Relations): readonly Judged[] {
  if (revokes.length === 0) return []
  const keys = new Set(revokes)
  return judged.filter(({ entry }, index) => told[index]!.admins.some((key) => keys.has(key)) && !knows(entry.hash, hash))
}

function signed(proposal: Proposal, hash: ChangeHash, { told, judged, knows }: Relations): SignedProposal {
  const past = judged
    .map((one, index) => ({ one, told: told[index]! }))
    .filter(({ one }) => one.entry.hash !== hash && knows(hash, one.entry.hash))
  const byHash = new Map(past.map(({ one }) => [one.entry.hash, one]))
  const revoking = (author: AuthorId): Judged[] => past.filter(({ told: { revokes } }) => revokes.includes(author)).map(({ one }) => one)
  return {
    signatures: proposal.signatures.map((one) => ({ by: byHash.get(one.hash)!, endedBy: revoking(one.author) })),
    usedBy: past.filter(({ one }) => enactedBy(one.entry, [proposal], knows).length > 0).map(({ one }) => one),
  }
}

/** Whether too few admins have signed it; null: not decided yet. */
export function isShort({ entry, guard }: Judged): boolean | null {
  if (guard === null) return false
  const signers = signersOf(entry.author, guard, ({ stands }) => stands)
  const needed = neededBefore(guard)
  if (signers === null || needed === null) return null
  const isMatter = isMatterForSeveral(guard)
  const isBelow = needed > signers.size ? true : anyStands(barsBeside(guard, signers.size))
  if (isMatter === false || isBelow === false) return false
  return isMatter === null || isBelow === null ? null : true
}

function isMatterForSeveral({ admins }: Guard): boolean | null {
  return admins === null ? true : anyStands(admins)
}

/** Thresholds that did not know it, and that it does not meet. */
function barsBeside({ beside }: Guard, signers: number): readonly Judged[] {
  return beside.filter(({ value }) => value > signers).map(({ by }) => by)
}

/** As many as its past asks for. Setting a threshold takes as many as it asks for, too. */
function neededBefore({ before, sets, knows }: Guard): number | null {
  if (before.some(({ by }) => by.stands === null)) return null
  const standing = before.filter(({ by }) => by.stands === true).map(({ by }) => by.entry)
  return Math.max(sets, thresholdAfter(standing, knows))
}

/** Each key once, its author among them. `counts`: whether a signature stands. */
function signersOf(author: AuthorId, { proposals }: Guard, counts: (by: Judged) => boolean | null): ReadonlySet<AuthorId> | null {
  const signers = new Set([author])
  for (const { signatures, usedBy } of proposals) {
    const isUsed = anyStands(usedBy)
    if (isUsed === null) return null
    if (isUsed) continue
    for (const { by, endedBy } of signatures) {
      const [isCounted, isEnded] = [counts(by), anyStands(endedBy)]
      if (isCounted === null || isEnded === null) return null
      if (isCounted && !isEnded) signers.add(by.entry.author)
    }
  }
  return signers
}

/** What the verdict waits for, besides supporters and attackers. */
export function waitsForSigning({ guard }: Judged): readonly Judged[] {
  if (guard === null) return []
  const { admins, before, beside, proposals } = guard
  return [
    ...(admins ?? []),
    ...[...before, ...beside].map(({ by }) => by),
    ...proposals.flatMap(({ signatures, usedBy }) => [...usedBy, ...signatures.flatMap(({ by, endedBy }) => [by, ...endedBy])]),
  ]
}

/** Who would have signed a change that waits for others in a circle, were it to stand; null: too few for that. */
export function wouldBeSigners({ entry, guard }: Judged): ReadonlySet<AuthorId> | null {
  if (guard === null) return new Set([entry.author])
  const signers = signersOf(entry.author, guard, mayCount)
  const needed = neededBefore(guard)
  if (signers === null || needed === null) return null
  return needed <= signers.size || isMatterForSeveral(guard) !== true ? signers : null
}

function mayCount(by: Judged): boolean {
  return by.stands ?? isSupported(by)
}

/** Of a circle this one stands: with it what it is signed by, and not what would have made it void. */
export function settleSigning({ entry, guard }: Judged): void {
  const signers = guard === null ? null : signersOf(entry.author, guard, mayCount)
  if (guard === null || signers === null) return
  for (const { by } of guard.proposals.flatMap(({ signatures }): readonly Signature[] => signatures)) {
    if (mayCount(by)) for (const rival of by.attackers) rival.stands ??= false
  }
  const isBelow = (neededBefore(guard) ?? 1) > signers.size
  for (const rival of isBelow ? (guard.admins ?? []) : barsBeside(guard, signers.size)) rival.stands ??= false
}
