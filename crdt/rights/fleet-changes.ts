// Which changes of the fleet document stand. A function of the set of changes: who heard what first does not matter. A change stands when
// a standing grant in its past makes its author an admin, and no standing revocation of its author was made without knowing it. Both
// can go in circles (of two that neither knew as admins, each revokes the other on its side of a split); then seniority decides. Where the
// fleet has a threshold, changes of who rules it also need signatures (`signing.ts`).

import type { AuthorId, ChangeHash } from '../ids.ts'
import { closedCircles } from './circles.ts'
import { type Seniority, type ToldEntry, seniorityOf } from './fleet-statements.ts'
import { type Judged, isSupported } from './judged.ts'
import { knowledgeOf } from './past.ts'
import { thresholdIn } from './proposals.ts'
import { isShort, setGuards, settleSigning, waitsForSigning, wouldBeSigners } from './signing.ts'

/** `told`: the fleet document's history, in its causal order. `without`: as if nothing that this key wrote stood, but for the founding change. */
export function voidedFleetChanges(told: readonly ToldEntry[], without?: AuthorId): ReadonlySet<ChangeHash> {
  // Every change had a right when it was admitted; only a revocation takes one away, and only a threshold asks for more.
  if (without === undefined && told.every(({ entry, revokes }) => revokes.length === 0 && thresholdIn(entry.writes) === null))
    return new Set()
  const judged = told.map(({ entry }): Judged => {
    const founding = entry.deps.length === 0
    return { entry, founding, supporters: [], attackers: [], guard: null, stands: entry.author === without && !founding ? false : null }
  })
  relate(told, judged)
  decide(judged, seniorityOf(told))
  return new Set(judged.filter(({ stands }) => stands === false).map(({ entry }) => entry.hash))
}

function relate(told: readonly ToldEntry[], judged: readonly Judged[]): void {
  const knows = knowledgeOf(told.map(({ entry }) => entry))
  const byAuthor = new Map<AuthorId, Judged[]>()
  for (const one of judged) {
    const { author } = one.entry
    const known = byAuthor.get(author)
    if (known === undefined) byAuthor.set(author, [one])
    else known.push(one)
  }
  for (const [index, { entry, admins, revokes }] of told.entries()) {
    const self = judged[index]!
    for (const admin of new Set(admins))
      for (const one of byAuthor.get(admin) ?? []) if (one !== self && knows(one.entry.hash, entry.hash)) one.supporters.push(self)
    for (const key of new Set(revokes))
      for (const one of byAuthor.get(key) ?? []) if (!knows(entry.hash, one.entry.hash)) one.attackers.push(self)
  }
  setGuards(told, judged, knows)
}

function decide(all: readonly Judged[], seniority: Seniority): void {
  let open = all.filter(({ stands }) => stands === null)
  while (open.length > 0) {
    let left = open.filter((one) => !isDecided(one))
    if (left.length === open.length) {
      settleCircle(left, seniority)
      left = left.filter(({ stands }) => stands === null)
    }
    open = left
  }
}

/** Decides as far as what it depends on is decided. */
function isDecided(one: Judged): boolean {
  const supported = isSupported(one)
  const mayBeSupported = supported || one.supporters.some(({ stands }) => stands === null)
  const short = isShort(one)
  if (one.attackers.some(({ stands }) => stands === true) || !mayBeSupported || short === true) one.stands = false
  else if (supported && short === false && one.attackers.every(({ stands }) => stands === false)) one.stands = true
  return one.stands !== null
}

/**
 * Of changes that wait for nothing but one another, the one with the most senior signer stands, of several such ones that with the most
 * signers; and what would have made it void does not.
 */
function settleCircle(open: readonly Judged[], seniority: Seniority): void {
  const waitsFor = (one: Judged): Judged[] =>
    [...one.supporters, ...one.attackers, ...waitsForSigning(one)].filter(({ stands }) => stands === null)
  // What is first of a circle in causal order has a standing supporter and all signatures that it needs: those that it could wait for are before it.
  const able = closedCircles(open, waitsFor).flatMap((one) => {
    const signers = isSupported(one) ? wouldBeSigners(one) : null
    if (signers === null) return []
    const rank = Math.min(...[...signers].map((key) => seniority.get(key) ?? Number.MAX_SAFE_INTEGER))
    return [{ one, rank, signers: signers.size }]
  })
  const [first, ...rest] = able
  if (first === undefined) return
  const isBefore = (a: typeof first, b: typeof first): boolean => a.rank < b.rank || (a.rank === b.rank && a.signers > b.signers)
  const { one: senior } = rest.reduce((best, other) => (isBefore(other, best) ? other : best), first)
  senior.stands = true
  for (const rival of senior.attackers) rival.stands ??= false
  settleSigning(senior)
}
