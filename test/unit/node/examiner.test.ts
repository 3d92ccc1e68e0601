// How an examination is carried out: who is asked, what counts as an answer, and that one part that fails takes nothing else along.

import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { test } from 'node:test'
import type { Reply } from '../../../crdt/api-types.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import { type Examine, createExaminer } from '../../../node/examiner.ts'
import type { NetworkSeen } from '../../../node/core/ports.ts'
import { readExamination } from '../../../node/examination-schema.ts'
import { board, examination, silent, surroundings, way } from '../../support/examinations.ts'

const coverage = { fleet: 'f', pool: 'default', node: 'b1', nodeName: 'b1', view: '', nodesAlive: 4, nodesTotal: 4, oldestMs: 0 }

function effect(more: Partial<Examine>): Examine {
  return {
    kind: 'examine',
    id: 1,
    examination: examination('b1', { wallMs: Date.now() }),
    ask: [],
    tries: [],
    hosts: [],
    coverage,
    alone: false,
    ...more,
  }
}

async function carriedOut(
  asked: Examine,
  answers: Readonly<Record<string, unknown>> = {},
  seen: NetworkSeen = { ways: [], connections: [] },
): Promise<Reply> {
  const network = {
    seen: () => seen,
    async *request(peer: NodeId): AsyncGenerator<Uint8Array> {
      const answer = answers[peer]
      if (answer instanceof Error) throw answer
      if (answer !== undefined) yield new TextEncoder().encode(typeof answer === 'string' ? answer : JSON.stringify(answer))
    },
  }
  const lookUp = async (name: string) => ({ name, outcome: 'hangs' as const, addresses: [], tookMs: 9 })
  return await new Promise((resolve) => createExaminer({ network, dataDir: tmpdir(), lookUp })(asked, resolve, stays))
}

const stays = new AbortController().signal

const said = (node: string, more: object = {}): object => ({
  kind: 'examination',
  examination: { ...examination(node), wallMs: Date.now(), ...more },
})

test('asked by another board, it answers for itself and asks nobody', async () => {
  const reply = await carriedOut(effect({ alone: true, ask: [] }))
  assert.equal(reply.kind, 'examination')
  assert.equal(reply.kind === 'examination' && reply.examination.surroundings !== undefined, true)
})

test('whoever fails, lies about who it is, or says nonsense is told of, and the others count', async () => {
  const ask = ['b2', 'b3', 'b4', 'b5', 'b6'] as NodeId[]
  const reply = await carriedOut(effect({ ask }), {
    b2: said('b2'),
    b3: new Error('no way there'),
    b4: said('b2'),
    b5: said('b5', { links: 'many' }),
    b6: 'no JSON',
  })
  assert.ok(reply.kind === 'doctor', JSON.stringify(reply))
  assert.deepEqual(
    reply.diagnosis.examined.map(({ node }) => node),
    ['b1', 'b2'],
  )
  assert.deepEqual(
    reply.diagnosis.unanswered.map(({ node }) => node),
    ['b3', 'b4', 'b5', 'b6'],
  )
  assert.equal(reply.diagnosis.unanswered[0]?.why, 'no way there')
})

test('an agent from before is told of as such', async () => {
  const reply = await carriedOut(effect({ ask: ['b2' as NodeId] }), { b2: { kind: 'error', code: 'E_METHOD', message: 'unknown' } })
  assert.ok(reply.kind === 'doctor' && reply.diagnosis.unanswered[0]?.why.includes('older'), JSON.stringify(reply))
})

test('names of the bootstrap list are looked up once; addresses are tried, but not those over relays', async () => {
  const listed = (address: string) => ({ address, node: null, isBootstrap: true, fault: null })
  const ways = [
    '/dns4/x.example/tcp/1',
    '/dns4/x.example/tcp/2',
    '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWA',
    '/ip4/127.0.0.1/tcp/1/p2p/R/p2p-circuit',
  ].map(listed)
  const reply = await carriedOut(effect({ alone: true }), {}, { ways, connections: [] })
  assert.ok(reply.kind === 'examination')
  const { names, ways: seen } = reply.examination.surroundings!
  assert.deepEqual(names, [{ name: 'x.example', outcome: 'hangs', addresses: [], tookMs: 9 }])
  assert.deepEqual(
    seen.map(({ address, reached }) => [address, reached]),
    [
      ['/dns4/x.example/tcp/1', 'unnamed'],
      ['/dns4/x.example/tcp/2', 'unnamed'],
      ['/ip4/127.0.0.1/tcp/1', 'refused'],
      ['/ip4/127.0.0.1/tcp/1/p2p/R/p2p-circuit', null],
    ],
  )
})

test('an address that a member has written hides no other, and no name of its choice is looked up', async () => {
  const tries = ['/ip4/127.0.0.1/tcp/99999', '/ip4/localhost/tcp/1', '/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/1'].map((address) => ({
    node: 'b2' as NodeId,
    address,
  }))
  const reply = await carriedOut(effect({ alone: true, tries }))
  assert.ok(reply.kind === 'examination', JSON.stringify(reply))
  assert.deepEqual(reply.examination.surroundings!.ways.map(({ address, reached }) => [address, reached]).toSorted(), [
    ['/ip4/127.0.0.1/tcp/0', null],
    ['/ip4/127.0.0.1/tcp/1', 'refused'],
    ['/ip4/127.0.0.1/tcp/99999', null],
    ['/ip4/localhost/tcp/1', null],
  ])
})

test('one look serves those who ask shortly after, unless a board has fallen silent or come back since', async () => {
  let looks = 0
  const seen = (): NetworkSeen => {
    looks += 1
    return { ways: [], connections: [] }
  }
  const network = { seen, request: () => assert.fail('nobody is asked') }
  const examine = createExaminer({ network, dataDir: tmpdir() })
  const ask = async (more: Partial<Examine>): Promise<Reply> =>
    await new Promise((resolve) => examine(effect({ alone: true, ...more }), resolve, stays))
  await ask({})
  await ask({})
  assert.equal(looks, 1)
  const tries = [{ node: 'b2' as NodeId, address: '/ip4/127.0.0.1/tcp/1' }]
  const reply = await ask({ tries })
  assert.ok(reply.kind === 'examination')
  assert.deepEqual(
    reply.examination.surroundings?.ways.map(({ reached }) => reached),
    ['refused'],
  )
  await ask({ tries })
  await ask({})
  assert.equal(looks, 2)
  const without = { tries, examination: examination('b1', { boards: [board('b1'), silent('b2', 900)] }) }
  await ask(without)
  await ask(without)
  assert.equal(looks, 3, 'b2 was tried, but while it was there')
  await ask({ tries, examination: examination('b1', { boards: [board('b1'), board('b2')] }) })
  assert.equal(looks, 4, 'and it is back')
})

test('a row that holds what a third board says of itself, and too much of it, spoils no answer', () => {
  const long = 'x'.repeat(600)
  const read = readExamination(
    examination('b2', {
      boards: [board('b2'), board('b3', { addresses: [long] }), board('b4', { addresses: Array<string>(65).fill('/ip4/192.0.2.1/tcp/1') })],
      surroundings: surroundings({ ways: [way('b3', { address: long }), way('b4')] }),
    }),
  )
  assert.deepEqual(
    read?.boards.map(({ node }) => node),
    ['b2'],
  )
  assert.deepEqual(
    read?.surroundings?.ways.map(({ node }) => node),
    ['b4'],
  )
})

test('boards that are silent are tried before a long bootstrap list', async () => {
  const address = (port: number): string => `/ip4/127.0.0.1/tcp/${port}`
  const tries = Array.from({ length: 24 }, (_, index) => ({ node: 'b2' as NodeId, address: address(index + 1) }))
  const ways = Array.from({ length: 30 }, (_, index) => ({ address: address(index + 101), node: null, isBootstrap: true, fault: null }))
  const reply = await carriedOut(effect({ alone: true, tries }), {}, { ways, connections: [] })
  assert.ok(reply.kind === 'examination')
  const seen = reply.examination.surroundings!.ways
  assert.equal(seen.length, 54)
  assert.ok(seen.filter(({ node }) => node === 'b2').every(({ reached }) => reached !== null))
})

test('nobody speaks under the name of another', async () => {
  const reply = await carriedOut(effect({ ask: ['b2' as NodeId] }), { b2: said('b2', { name: 'b3' }) })
  assert.ok(reply.kind === 'doctor')
  assert.equal(reply.diagnosis.examined[1]?.name, 'b2')
})

test('a third operator is told to wait, one look serves all, and whoever goes makes room', async () => {
  let asked = 0
  let looked = 0
  const network = {
    seen: () => {
      looked += 1
      return { ways: [], connections: [] }
    },
    async *request(_: NodeId, __: Uint8Array, signal: AbortSignal): AsyncGenerator<Uint8Array> {
      asked += 1
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone'))))
      yield new Uint8Array()
    },
  }
  const examine = createExaminer({ network, dataDir: tmpdir() })
  const goes = new AbortController()
  const ask = async (signal: AbortSignal): Promise<Reply> =>
    await new Promise((resolve) => examine(effect({ ask: ['b2' as NodeId] }), resolve, signal))
  const both = [ask(goes.signal), ask(goes.signal)]
  const third = await ask(stays)
  assert.ok(third.kind === 'error' && third.code === 'E_BUSY', JSON.stringify(third))
  assert.deepEqual([asked, looked], [2, 1])
  goes.abort()
  assert.deepEqual(
    (await Promise.all(both)).map(({ kind }) => kind),
    ['doctor', 'doctor'],
  )
  const alone = await new Promise<Reply>((resolve) => examine(effect({ alone: true }), resolve, stays))
  assert.deepEqual([alone.kind, looked], ['examination', 1])
})
