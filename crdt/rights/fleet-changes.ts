// Which changes of the fleet document stand. A function of the set of changes: who heard what first does not matter. A change stands when
// a standing grant in its past makes its author an admin, and no standing revocation of its author was made without knowing it. Both
// can go in circles (of two that neither knew as admins, each revokes the other on its side of a split); then seniority decides.

import type { AuthorId, ChangeHash } from '../ids.ts'
import type { HistoryEntry } from '../replica-history.ts'
import { closedCircles } from './circles.ts'
import { type Seniority, type ToldEntry, seniorityOf } from './fleet-statements.ts'
import { knowledgeOf } from './past.ts'

interface Judged {
  readonly entry: HistoryEntry
  /** Nothing before it: the change that founded the fleet, which needs no right. */
  readonly founding: boolean
  /** Grants in its past that make its author an admin. */
  readonly supporters: Judged[]
  /** Revocations of its author that did not know it. */
  readonly attackers: Judged[]
  stands: boolean | null
}

/** `told`: the fleet document's history, in its causal order. `without`: as if nothing that this key wrote stood, but for the founding change. */
export function voidedFleetChanges(told: readonly ToldEntry[], without?: AuthorId): ReadonlySet<ChangeHash> {
  // Every change had a right when it was admitted, and only a revocation takes one away.
  if (without === undefined && told.every(({ revokes }) => revokes.length === 0)) return new Set()
  const judged = told.map(({ entry }): Judged => {
    const founding = entry.deps.length === 0
    return { entry, founding, supporters: [], attackers: [], stands: entry.author === without && !founding ? false : null }
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
  const supported = one.founding || one.supporters.some(({ stands }) => stands === true)
  const mayBeSupported = supported || one.supporters.some(({ stands }) => stands === null)
  if (one.attackers.some(({ stands }) => stands === true) || !mayBeSupported) one.stands = false
  else if (supported && one.attackers.every(({ stands }) => stands === false)) one.stands = true
  return one.stands !== null
}

/** Of changes that wait for nothing but one another, the most senior author's stands, and what would have made it void does not. */
function settleCircle(open: readonly Judged[], seniority: Seniority): void {
  const circles = closedCircles(open, ({ supporters, attackers }) => [...supporters, ...attackers].filter(({ stands }) => stands === null))
  // What is first of a circle in causal order has a standing supporter: those that it could wait for are before it.
  const able = circles.filter((one) => one.founding || one.supporters.some(({ stands }) => stands === true))
  const rank = ({ entry }: Judged): number => seniority.get(entry.author) ?? Number.MAX_SAFE_INTEGER
  const [first, ...rest] = able
  if (first === undefined) return
  const senior = rest.reduce((best, one) => (rank(one) < rank(best) ? one : best), first)
  senior.stands = true
  for (const rival of senior.attackers) rival.stands ??= false
}
