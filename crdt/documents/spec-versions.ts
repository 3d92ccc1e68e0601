// The versions that a job may go back to by itself (docs/adr/0020): those that differ in what takes a restart, newest first, as far as the
// document's history says and a bounded look reaches.

import type { Crypto } from '../crypto.ts'
import type { Doc } from '../doc.ts'
import type { Form } from '../ids.ts'
import { Remembered } from '../remembered.ts'
import { historyOf, registersAt } from '../replica.ts'
import type { JobSpec } from '../spec.ts'
import type { SpecOrder, SpecVersion } from '../view.ts'
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

export interface Ordering {
  readonly versions: readonly SpecVersion[]
  readonly orders: readonly SpecOrder[]
}

/** `newest` is in force, unless it fails. Edits that two sides made at once may count as one order more: a few tries more, on all boards. */
export function specVersions(crypto: Crypto, doc: Doc, newest: Ordered): Ordering {
  const promoted = promotedForms(doc)
  const found = new Map<string, SpecVersion>([[named(newest.forms), orderedOnce(newest)]])
  const orders: SpecOrder[] = [{ version: 0, promotions: promotionsOf(newest.spec) }]
  let newer = named(newest.forms)
  for (const [at, edit] of editsOfSpec(crypto, doc).entries()) {
    const isFar = found.size >= modelLimits.goBackVersionsMax || at >= modelLimits.goBackEditsMax
    const isSought = isFar && lacksBase({ versions: [...found.values()], orders }, promoted)
    if (at >= modelLimits.goBackEditsMax && !isSought) break
    const order = orderOf(crypto, doc, edit)
    if (order === null) continue
    const name = named(order.forms)
    const known = found.get(name)
    const counts = countsOf(order.spec)
    if (known !== undefined) {
      const times = name === newer ? known.orders : known.orders + 1
      found.set(name, { ...known, orders: times, leastCounts: lower(known.leastCounts, counts) })
    } else if (!isFar || isSought) found.set(name, orderedOnce({ ...order, version: edit.version }))
    const version = [...found.keys()].indexOf(name)
    const promotions = promotionsOf(order.spec)
    const last = orders.at(-1)!
    if (name === newer && version === last.version)
      orders[orders.length - 1] = { version, promotions: moreLenient(last.promotions, promotions) }
    else if (version >= 0) orders.push({ version, promotions })
    newer = name
  }
  return { versions: [...found.values()], orders }
}

function orderedOnce(order: Ordered): SpecVersion {
  return { ...order, orders: 1, leastCounts: countsOf(order.spec) }
}

/** Some group of the newest version begins with canaries, and no order is known yet that had asked for none, or was promoted by a word. */
function lacksBase({ versions, orders: [newest, ...older] }: Ordering, promoted: ReadonlyMap<string, readonly Form[]>): boolean {
  return [...newest!.promotions.keys()].some((group) => {
    const own = versions[0]!.forms.get(group)
    return !older.some(({ version, promotions }) => {
      const form = versions[version]!.forms.get(group)
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
    const { spec, faults } = faultsHere(crypto, registersAt(doc, [change]), doc)
    return { order: faults.length > 0 ? null : { spec, forms: formsOf(crypto, spec) } }
  }
  return (doc.judged === undefined ? ordersRead.of(change, read) : read()).order
}
