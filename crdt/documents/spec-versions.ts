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

/** What an edit ordered; null: what does not validate. */
type Order = Pick<SpecVersion, 'spec' | 'forms'> | null

export function formsOf(crypto: Crypto, spec: JobSpec): ReadonlyMap<string, Form> {
  return new Map(spec.groups.map((group) => [group.name, formOf(crypto, spec, group)]))
}

/** `newest` is in force, unless it fails. Edits that two sides made at once may count as one order more: a few tries more, on all boards. */
export function specVersions(crypto: Crypto, doc: Doc, newest: Omit<SpecVersion, 'orders' | 'leastCounts'>): readonly SpecVersion[] {
  const found = new Map<string, SpecVersion>([[named(newest.forms), { ...newest, orders: 1, leastCounts: countsOf(newest.spec) }]])
  let newer = named(newest.forms)
  for (const edit of editsOfSpec(crypto, doc)) {
    const order = orderOf(crypto, doc, edit)
    if (order === null) continue
    const name = named(order.forms)
    const known = found.get(name)
    const counts = countsOf(order.spec)
    if (known !== undefined) {
      const orders = name === newer ? known.orders : known.orders + 1
      found.set(name, { ...known, orders, leastCounts: lower(known.leastCounts, counts) })
    } else if (found.size < modelLimits.goBackVersionsMax)
      found.set(name, { ...order, version: edit.version, orders: 1, leastCounts: counts })
    newer = name
  }
  return [...found.values()]
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
    .slice(0, modelLimits.goBackEditsMax)
}

/** Everything before a change follows from its hash, as long as nothing of it is void. */
const ordersRead = new Remembered<{ readonly order: Order }>(1_024)

function orderOf(crypto: Crypto, doc: Doc, { change }: PastVersion): Order {
  const read = (): { readonly order: Order } => {
    const { spec, faults } = faultsHere(crypto, registersAt(doc, [change]), doc)
    return { order: faults.length > 0 ? null : { spec, forms: formsOf(crypto, spec) } }
  }
  return (doc.judged === undefined ? ordersRead.of(change, read) : read()).order
}
