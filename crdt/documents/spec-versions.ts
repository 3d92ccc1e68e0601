// The versions that a job may go back to by itself (docs/adr/0020): those that differ in what takes a restart, newest first, as far as the
// document's history says and a bounded look reaches.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import type { Form } from '../ids.ts'
import { Remembered } from '../remembered.ts'
import { historyOf, registersAt } from '../replica.ts'
import type { JobSpec } from '../spec.ts'
import type { SpecVersion } from '../view.ts'
import { canonicalText } from './canonical.ts'
import { formOf } from './form.ts'
import { type PastVersion, faultsHere, pastVersions } from './job-versions.ts'
import { modelLimits } from './model-limits.ts'
import { moreLenient, promotedForms, promotionsOf } from './promotion.ts'

/** What an edit ordered; null: what does not validate. */
type Order = Pick<SpecVersion, 'spec' | 'forms'> | null

export function formsOf(crypto: Crypto, spec: JobSpec): ReadonlyMap<string, Form> {
  return new Map(spec.groups.map((group) => [group.name, formOf(crypto, spec, group)]))
}

type Ordered = Pick<SpecVersion, 'spec' | 'forms' | 'version'>

/** `newest` is in force, unless it fails. Edits that two sides made at once may count as one order more: a few tries more, on all boards. */
export function specVersions(crypto: Crypto, doc: Doc, newest: Ordered): readonly SpecVersion[] {
  const promoted = promotedForms(doc)
  const found = new Map<string, SpecVersion>([[named(newest.forms), orderedOnce(newest)]])
  let newer = named(newest.forms)
  for (const [at, edit] of editsOfSpec(crypto, doc).entries()) {
    const isFar = found.size >= modelLimits.goBackVersionsMax || at >= modelLimits.goBackEditsMax
    const isSought = isFar && lacksBase([...found.values()], promoted)
    if (at >= modelLimits.goBackEditsMax && !isSought) break
    const order = orderOf(crypto, doc, edit)
    if (order === null) continue
    const name = named(order.forms)
    const known = found.get(name)
    const fresh = orderedOnce({ ...order, version: edit.version })
    if (known !== undefined) found.set(name, orderedAgain(known, fresh, name === newer))
    else if (!isFar || isSought) found.set(name, fresh)
    newer = name
  }
  return [...found.values()]
}

function orderedOnce(order: Ordered): SpecVersion {
  return { ...order, orders: 1, leastCounts: countsOf(order.spec), promotions: promotionsOf(order.spec) }
}

/** `isSameOrder`: no other version was ordered in between. */
function orderedAgain(known: SpecVersion, older: SpecVersion, isSameOrder: boolean): SpecVersion {
  return {
    ...known,
    orders: isSameOrder ? known.orders : known.orders + 1,
    leastCounts: lower(known.leastCounts, older.leastCounts),
    // An older order's promotion is not that of the newest.
    promotions: isSameOrder && known.orders === 1 ? moreLenient(known.promotions, older.promotions) : known.promotions,
  }
}

/** Some group of the newest version begins with canaries, and no version is known yet that it had asked none for, or that was promoted. */
function lacksBase([newest, ...older]: readonly SpecVersion[], promoted: ReadonlyMap<string, readonly Form[]>): boolean {
  return [...newest!.promotions.keys()].some((group) => {
    const own = newest!.forms.get(group)
    return !older.some(({ forms, promotions }) => {
      const form = forms.get(group)
      return form !== undefined && form !== own && (!promotions.has(group) || promoted.get(group)?.includes(form) === true)
    })
  })
}

function countsOf({ groups }: JobSpec): ReadonlyMap<string, number> {
  return new Map(groups.map(({ name, count }) => [name, count]))
}

function lower(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  return new Map([...a].map(([group, count]) => [group, Math.min(count, b.get(group) ?? count)]))
}

function named(forms: ReadonlyMap<string, Form>): string {
  return canonicalText(forms)
}

/** Newest first, and only those that say something of the specification: wishes and pauses order no version. */
function editsOfSpec(crypto: Crypto, doc: Doc): readonly PastVersion[] {
  const writing = new Set<string>()
  const history = historyOf(doc)
  const bySeq = new Map(history.map((entry) => [`${entry.actor} ${entry.seq}`, entry]))
  for (const { actor, firstSeq, count } of doc.envelopes) {
    const entries = Array.from({ length: count }, (_, at) => bySeq.get(`${actor} ${firstSeq + at}`))
    const last = entries.at(-1)
    if (last !== undefined && entries.some((entry) => [...(entry?.writes.keys() ?? [])].some((path) => path.startsWith('spec/'))))
      writing.add(last.hash)
  }
  return pastVersions(crypto, doc)
    .filter(({ change }) => writing.has(change))
    .slice(0, modelLimits.fallbackEditsMax)
}

/** Everything before a change follows from its hash, as long as nothing of it is void. */
const ordersRead = new Remembered<{ readonly order: Order }>(1_024)

function orderOf(crypto: Crypto, doc: Doc, { change }: PastVersion): Order {
  const read = (): { readonly order: Order } => {
    const { spec, faults } = faultsHere(registersAt(doc, [change]), doc)
    return { order: faults.length > 0 ? null : { spec, forms: formsOf(crypto, spec) } }
  }
  return (doc.judged === undefined ? ordersRead.of(change, read) : read()).order
}
