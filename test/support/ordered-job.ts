// A job whose versions followed one another as a text says, for tests of promotions: `f2 word, f1 none` is f2 with a canary that waits for an
// operator's word, after f1 without one.

import { updateDefaults } from '../../crdt/documents/defaults.ts'
import { promotionsOf } from '../../crdt/documents/promotion.ts'
import type { UpdatePolicy } from '../../crdt/spec.ts'
import type { JobView, NodeView, Verdict } from '../../crdt/view.ts'
import { form, makeGroup, makeJob, makeNodes, makeVerdict, makeView, slotOf, version } from './view.ts'

const word: UpdatePolicy = { ...updateDefaults, canary: 1 }
const auto: UpdatePolicy = { ...word, autoPromote: true }
const none: UpdatePolicy = updateDefaults
/** Given up after one failure. */
const wary: UpdatePolicy = { ...none, autoRevert: true, progressDeadlineMs: 0 }

const policies: Readonly<Record<string, UpdatePolicy>> = {
  ...{ none, wary, word, auto },
  nine: { ...word, canary: 9 },
  two: { ...auto, canary: 2 },
  reverting: { ...auto, ...wary, canary: 1 },
}

export interface Story {
  /** `FORM POLICY, …`, newest first; forms may come again. */
  readonly orders: string
  readonly promoted?: readonly string[]
  /** [slot, form, verdict] by as many boards. */
  readonly said?: readonly (readonly [slot: number, form: string, verdict: Partial<Verdict>])[]
  readonly nodes?: (index: number) => Partial<NodeView>
  readonly count?: number
}

export const healthy: Partial<Verdict> = { verdict: 'healthy', failures: 0, generation: 0 }
export const failed: Partial<Verdict> = { verdict: 'failed', failures: 1 }

export function viewOf({ orders: text, promoted = [], said = [], nodes = () => ({}), count = 3 }: Story) {
  const orders = text.split(', ').map((order): readonly [string, UpdatePolicy] => {
    const [name = '', policy = ''] = order.split(' ')
    return [name, policies[policy]!]
  })
  const names = [...new Set(orders.map(([name]) => name))]
  const versions = names.map((name, at) => {
    const [, update] = orders.find(([one]) => one === name)!
    const { spec, forms } = makeJob({ groups: [makeGroup({ count, update })], form: form(name) })
    return { version: version(9 - at), spec: spec!, forms, orders: 1, leastCounts: new Map([['web', count]]) }
  })
  const ordering = orders.map(([name, update]) => ({
    version: names.indexOf(name),
    promotions: promotionsOf(makeJob({ groups: [makeGroup({ update })] }).spec!),
  }))
  const { spec, forms, version: at } = versions[0]!
  const words = promoted.length === 0 ? {} : { promoted: new Map([['web', promoted.map(form)]]) }
  const job: JobView = { ...makeJob(), spec, forms, version: at, versions, ordering, ...words }
  const boards = makeNodes(6, (i) => {
    const [slot, name, verdict] = said[i] ?? []
    const verdicts = slot === undefined ? new Map() : new Map([[slotOf(slot), [makeVerdict({ form: form(name!), ...verdict })]]])
    return { verdicts, ...nodes(i) }
  })
  return makeView({ nodes: boards, jobs: [job] })
}
