import assert from 'node:assert/strict'
import { test } from 'node:test'

import { noClones } from '../../../../crdt/documents/clones.ts'
import { type NodeRecord, nodeFromRegisters, nodeToRegisters } from '../../../../crdt/documents/node.ts'
import type { AllocId, Form, SlotId } from '../../../../crdt/ids.ts'
import type { Scalar } from '../../../../crdt/registers.ts'
import type { Claim } from '../../../../crdt/view.ts'
import { testSigner } from '../../../support/crypto.ts'

const node = testSigner(1).node
const other = testSigner(2).node
const slot = 'default/shop/web/0' as SlotId

const claim: Claim = {
  slot,
  node,
  alloc: '0123456789abcdef' as AllocId,
  generation: 3,
  version: { epoch: 1, count: 4, hash: 'a'.repeat(16) },
  form: 'b'.repeat(16) as Form,
  state: 'running',
  healthy: true,
  reason: '',
  startedAt: 1_700_000_000_000,
  restarts: 0,
  restartSeen: 0,
  ports: { http: 20_000 },
  tasks: { app: { state: 'running', restarts: 0, event: 'started', failed: false } },
  over: new Map([[other, 2]]),
  lost: new Map(),
}

const record: NodeRecord = {
  name: 'board-1',
  pool: 'default',
  capacity: { cpuMhz: 4000, memoryMib: 900, diskMib: 8000 },
  attributes: { 'cpu.arch': 'arm64' },
  labels: {},
  drivers: { raw_exec: { healthy: true, reason: '' } },
  images: ['ghcr.io/x/y:1'],
  allocsMax: 0,
  devices: [],
  dynamicPorts: [20_000, 32_000],
  addresses: [],
  agentVersion: '0.1.0',
  planVersion: 1,
  receipts: { 'job/default/shop': 'cafe' },
  left: false,
  certificate: 'c2hvd24=',
  clones: noClones,
  psk: '0123456789abcdef',
  claims: new Map([[slot, claim]]),
  verdicts: new Map(),
}

test('a claim is a few registers below its slot', () => {
  const registers = nodeToRegisters(record)
  const claims = [...registers]
    .filter(([path]) => path.startsWith('claim/'))
    .map(([path, value]) => [path.slice(`claim/${slot}/`.length), value])
  assert.deepEqual(Object.fromEntries(claims), {
    alloc: '0123456789abcdef',
    generation: 3,
    version: `1.4.${'a'.repeat(16)}`,
    form: 'b'.repeat(16),
    state: 'running',
    healthy: true,
    started_at: 1_700_000_000_000,
    'port/http': 20_000,
    'task/app/state': 'running',
    'task/app/event': 'started',
    [`over/${other}`]: 2,
  })
  assert.equal(registers.get('image/ghcr.io%2Fx%2Fy:1'), true)
  assert.equal(registers.get('receipt/job/default/shop'), 'cafe')
})

const essentials: readonly (readonly [string, Scalar])[] = [
  ['alloc', null],
  ['alloc', 'short'],
  ['generation', 0],
  ['generation', null],
  ['generation', '3'],
  ['version', '1.2'],
  ['version', null],
  ['form', null],
  ['form', 'zz'],
  ['state', 'dancing'],
  ['state', null],
]

test('a claim without its essentials is dropped, and only that one', () => {
  const second = 'default/shop/web/1' as SlotId
  const both = nodeToRegisters({
    ...record,
    claims: new Map([
      [slot, claim],
      [second, { ...claim, slot: second }],
    ]),
  })
  for (const [field, value] of essentials) {
    const read = nodeFromRegisters(node, new Map([...both, [`claim/${slot}/${field}`, value]]))
    assert.deepEqual([...read.claims.keys()], [second], `${field} ${value}`)
  }
})

test('an odd detail of a claim reads as absent', () => {
  const registers = new Map<string, Scalar>([
    ...nodeToRegisters(record),
    [`claim/${slot}/healthy`, 'yes'],
    [`claim/${slot}/restarts`, -5],
    [`claim/${slot}/port/http`, 70_000],
    [`claim/${slot}/task/app/state`, 7],
    [`claim/${slot}/over/${other}`, 'x'],
    [`claim/${slot}/over/nobody`, 1],
  ])
  const read = nodeFromRegisters(node, registers).claims.get(slot)
  assert.deepEqual(read, { ...claim, healthy: false, ports: {}, tasks: {}, over: new Map() })
})

test('slots that cannot be are passed over', () => {
  const registers = new Map([...nodeToRegisters(record)].map(([path, value]) => [path.replace('/web/0/', '/web/00/'), value] as const))
  assert.equal(nodeFromRegisters(node, registers).claims.size, 0)
})

test('an empty document is a board that offers nothing', () => {
  const read = nodeFromRegisters(node, new Map())
  assert.deepEqual(read.capacity, { cpuMhz: 0, memoryMib: 0, diskMib: 0 })
  assert.equal(read.name, node.slice(-8))
  assert.equal(read.left, false)
  assert.deepEqual(read.dynamicPorts, [20_000, 32_000])
})

test('long and odd words are cut, not refused by the peers', () => {
  const reason = `bad\n${'ä'.repeat(2000)}`
  const read = nodeFromRegisters(
    node,
    nodeToRegisters({ ...record, claims: new Map([[slot, { ...claim, reason }]]), name: 'x'.repeat(2000) }),
  )
  assert.equal(read.claims.get(slot)?.reason, `bad ${'ä'.repeat(510)}`)
  assert.equal(read.name, node.slice(-8))
})
