// How many admins must have signed a change of who rules the fleet, and how many have. The threshold is asked of the change's own past, and
// of what was set beside it: or the owner of one stolen key would write on top of an old day, on which one signature was enough.

import type { AuthorId, ChangeHash } from '../ids.ts'
import type { ToldEntry } from './fleet-statements.ts'
import { type Guard, type Judged, type Signature, type Signing, type Threshold, anyStands, isSupported } from './judged.ts'
import type { Knows } from './past.ts'
import { contentOf, isGuarded, listed, proposalsIn, thresholdAfter, thresholdIn } from './proposals.ts'

/** Says of each change what it takes besides its author's right. `recovery`: that key signs alone, or a fleet that has lost its admins would be lost. */
export function setGuards(told: readonly ToldEntry[], judged: readonly Judged[], knows: Knows): void {
  const thresholds = judged.flatMap((by) => {
    const value = thresholdIn(by.entry.writes)
    return value === null ? [] : [{ by, value }]
  })
  // Until somebody sets a threshold one signature is enough for everything.
  if (thresholds.length === 0) return
  const all: Relations = { told, judged, knows, thresholds, signingOf: signingsIn(told, judged, knows) }
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
  readonly signingOf: (one: Judged) => Signing
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
    signing: all.signingOf(one),
  }
}

/** Those that are granted later are no reason: the revocation was there first. */
function adminsAmong(revokes: readonly AuthorId[], hash: ChangeHash, { told, judged, knows }: Relations): readonly Judged[] {
  if (revokes.length === 0) return []
  const keys = new Set(revokes)
  return judged.filter(({ entry }, index) => told[index]!.admins.some((key) => keys.has(key)) && !knows(entry.hash, hash))
}

function signingsIn(told: readonly ToldEntry[], judged: readonly Judged[], knows: Knows): (one: Judged) => Signing {
  const byHash = new Map(judged.map((one) => [one.entry.hash, one]))
  const revoking = new Map<AuthorId, Judged[]>()
  for (const [index, { revokes }] of told.entries()) for (const key of revokes) listed(revoking, key).push(judged[index]!)
  const signatures = new Map<string, Signature[]>()
  for (const { entry, writes, signatures: made } of proposalsIn(
    judged.map((one) => one.entry),
    knows,
  ))
    for (const { hash } of made) listed(signatures, contentOf(writes)).push({ by: byHash.get(hash)!, proposal: entry.hash })
  const contents = new Map(signatures.size === 0 ? [] : judged.map((one) => [one, contentOf(one.entry.writes)]))
  const enacting = new Map<string, Judged[]>()
  for (const [one, content] of contents) if (signatures.has(content)) listed(enacting, content).push(one)
  return (one) => {
    const content = contents.get(one) ?? ''
    return {
      signatures: signatures.get(content) ?? [],
      enacting: enacting.get(content) ?? [],
      revoking: (author) => revoking.get(author) ?? [],
    }
  }
}

/** Whether too few admins have signed it; null: not decided yet. */
export function isShort(one: Judged): boolean | null {
  const { guard } = one
  if (guard === null) return false
  const signers = signersOf(one, guard, ({ stands }) => stands)
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
function signersOf(one: Judged, guard: Guard, counts: (by: Judged) => boolean | null): ReadonlySet<AuthorId> | null {
  const signers = new Set([one.entry.author])
  const enacted = knownTo(one, guard, guard.signing.enacting).filter(({ stands }) => stands !== false)
  for (const { by, proposal } of othersSignatures(one, guard)) {
    const { author } = by.entry
    const isCounted = signers.has(author) ? false : counts(by)
    if (isCounted === false) continue
    const isUsed = anyStands(enacted.filter(({ entry }) => guard.knows(entry.hash, proposal)))
    const isEnded = anyStands(knownTo(one, guard, guard.signing.revoking(author)))
    if (isUsed === true || isEnded === true) continue
    if (isCounted === null || isUsed === null || isEnded === null) return null
    signers.add(author)
  }
  return signers
}

/** Of others, in its past. */
function othersSignatures(one: Judged, { knows, signing }: Guard): readonly Signature[] {
  const { hash, author } = one.entry
  return signing.signatures.filter(({ by: { entry } }) => entry.author !== author && knows(hash, entry.hash))
}

function knownTo(one: Judged, { knows }: Guard, others: readonly Judged[]): readonly Judged[] {
  return others.filter((other) => other !== one && knows(one.entry.hash, other.entry.hash))
}

/** What the verdict waits for, besides supporters and attackers. */
export function waitsForSigning(one: Judged): readonly Judged[] {
  const { guard } = one
  if (guard === null) return []
  const { admins, before, beside, signing } = guard
  const signatures = othersSignatures(one, guard).map(({ by }) => by)
  const authors = new Set(signatures.map(({ entry }) => entry.author))
  return [
    ...(admins ?? []),
    ...[...before, ...beside].map(({ by }) => by),
    ...signatures,
    ...(signatures.length === 0 ? [] : knownTo(one, guard, signing.enacting)),
    ...[...authors].flatMap((author) => knownTo(one, guard, signing.revoking(author))),
  ]
}

/** Who would have signed a change that waits for others in a circle, were it to stand; null: too few for that. */
export function wouldBeSigners(one: Judged): ReadonlySet<AuthorId> | null {
  const { entry, guard } = one
  if (guard === null) return new Set([entry.author])
  const signers = signersOf(one, guard, mayCount)
  const needed = neededBefore(guard)
  if (signers === null || needed === null) return null
  return needed <= signers.size || isMatterForSeveral(guard) !== true ? signers : null
}

function mayCount(by: Judged): boolean {
  return by.stands ?? isSupported(by)
}

/** Of a circle this one stands: with it what it is signed by, and not what would have made it void. */
export function settleSigning(one: Judged): void {
  const { guard } = one
  const signers = guard === null ? null : signersOf(one, guard, mayCount)
  if (guard === null || signers === null) return
  for (const { by } of othersSignatures(one, guard)) {
    if (mayCount(by)) for (const rival of by.attackers) rival.stands ??= false
  }
  const isBelow = (neededBefore(guard) ?? 1) > signers.size
  for (const rival of isBelow ? (guard.admins ?? []) : barsBeside(guard, signers.size)) rival.stands ??= false
}
