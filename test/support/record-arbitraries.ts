// Random node records for property tests: everything that a node document can hold.

import fc from 'fast-check'

import { type CloneWords, noClones } from '../../crdt/documents/clones.ts'
import type { Device } from '../../crdt/devices.ts'
import type { NodeRecord } from '../../crdt/documents/node.ts'
import { type AllocId, type Form, type NodeId, type SlotId, compareText } from '../../crdt/ids.ts'
import { type Claim, type Verdict, claimStates } from '../../crdt/view.ts'
import { testSigner } from './crypto.ts'

export const recordNodes: readonly NodeId[] = [1, 2, 3, 4].map((seed) => testSigner(seed).node)

const record = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> => fc.record<T>(model, { noNullPrototype: true })
const dictionary = <T>(key: fc.Arbitrary<string>, value: fc.Arbitrary<T>): fc.Arbitrary<Record<string, T>> =>
  fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true })

const name = fc.stringMatching(/^[a-z]([a-z0-9-]{0,6}[a-z0-9])?$/)
const key = fc.oneof(fc.stringMatching(/^[A-Za-z%/.:_]{1,12}$/), fc.constantFrom('__proto__', 'constructor', '%2F', '1'))
const words = fc.stringMatching(/^[ -~äß°]{0,20}$/)
const count = fc.integer({ min: 0, max: 1_000_000 })
const generation = fc.integer({ min: 1, max: 1000 })
const hash = fc.stringMatching(/^[0-9a-f]{16}$/)
// Mostly a few slots that several nodes claim.
const slot = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2 }).map((index) => `default/shop/web/${index}` as SlotId) },
  { weight: 1, arbitrary: fc.tuple(name, name, name, fc.integer({ min: 0, max: 49_999 })).map((parts) => parts.join('/') as SlotId) },
)
const generations = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...recordNodes), generation), { maxLength: 3, selector: ([node]) => node })
  .map((all) => new Map(all))

const claim = record<Omit<Claim, 'slot' | 'node'>>({
  alloc: hash as fc.Arbitrary<AllocId>,
  generation,
  version: record({ epoch: count, count, hash }),
  form: hash as fc.Arbitrary<Form>,
  state: fc.constantFrom(...claimStates),
  healthy: fc.boolean(),
  reason: words,
  startedAt: fc.integer({ min: 0, max: 2_000_000_000_000 }),
  restarts: count,
  restartSeen: count,
  ports: dictionary(name, fc.integer({ min: 1, max: 65_535 })),
  resources: record({ cpuMhz: count, memoryMib: count, diskMib: count }),
  tasks: dictionary(
    name,
    record({
      state: fc.constantFrom('pending' as const, 'running' as const, 'dead' as const),
      restarts: count,
      event: words,
      failed: fc.boolean(),
    }),
  ),
  over: generations,
  lost: generations,
})

const deviceKey = fc.stringMatching(/^[a-z0-9][a-z0-9.:@-]{0,8}$/)
const word = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,6}$/)
const devices: fc.Arbitrary<NodeRecord['devices']> = fc
  .uniqueArray(
    record<Device>({ key: deviceKey, type: word, vendor: word, model: word, fault: words, attributes: dictionary(word, words) }),
    { maxLength: 3, selector: (one) => one.key },
  )
  .map((all) => all.sort((a, b) => compareText(a.key, b.key)))
const held = fc.uniqueArray(deviceKey, { maxLength: 2 }).map((keys) => (keys.length === 0 ? {} : { devices: keys.sort(compareText) }))

const claims = (node: NodeId): fc.Arbitrary<NodeRecord['claims']> =>
  fc
    .uniqueArray(fc.tuple(slot, claim, held), { maxLength: 4, selector: ([one]) => one })
    .map((all) => new Map(all.map(([at, one, devices]) => [at, { slot: at, node, ...one, ...devices }])))

const verdict = record<Verdict>({
  form: hash as fc.Arbitrary<Form>,
  verdict: fc.constantFrom('healthy', 'failed'),
  reason: words,
  failures: count,
  generation: count,
})
const verdicts = fc
  .uniqueArray(verdict, { minLength: 1, maxLength: 3, selector: (one) => one.form })
  .map((all) => all.sort((a, b) => compareText(a.form, b.form)))

const docIds = fc.oneof(
  fc.constant('fleet'),
  fc.tuple(name, name).map((parts) => `job/${parts.join('/')}`),
  fc.constantFrom(...recordNodes).map((id) => `ops/${id}`),
)

const boots = fc.constantFrom('0123456789ab', 'ba9876543210', 'ffffffffffff')
const clones: fc.Arbitrary<CloneWords> = fc.oneof(
  fc.constant(noClones),
  record<CloneWords>({
    heard: fc.uniqueArray(boots).map((all) => new Set(all)),
    self: fc.oneof(fc.constant(''), boots),
    known: fc.uniqueArray(fc.tuple(boots, words), { selector: ([one]) => one }).map((all) => new Map(all)),
  }),
)

export function anyRecord(node: NodeId): fc.Arbitrary<NodeRecord> {
  return record<NodeRecord>({
    name,
    pool: name,
    capacity: record({ cpuMhz: count, memoryMib: count, diskMib: count }),
    attributes: dictionary(key, words),
    labels: dictionary(key, words),
    drivers: dictionary(key, record({ healthy: fc.boolean(), reason: words })),
    images: fc.uniqueArray(key, { maxLength: 3 }).map((all) => all.sort(compareText)),
    dynamicPorts: fc.tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 30_000, max: 65_535 })),
    addresses: fc.array(words, { maxLength: 3 }),
    agentVersion: name,
    planVersion: count,
    receipts: dictionary(docIds, hash),
    left: fc.boolean(),
    certificate: fc.constantFrom('', 'c2hvd24='),
    clones,
    psk: fc.constantFrom('', '0123456789abcdef'),
    allocsMax: fc.nat({ max: 100 }),
    claims: claims(node),
    verdicts: fc.uniqueArray(fc.tuple(slot, verdicts), { maxLength: 2, selector: ([one]) => one }).map((all) => new Map(all)),
    devices,
  })
}
