// The laws of the simulated gossip: meshes of bounded degree that reach everybody, and a memory that ends.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../../crdt/ids.ts'
import { createPrng } from '../../../simulator/prng.ts'
import { EventQueue } from '../../../simulator/queue.ts'
import { Router } from '../../../simulator/gossip/router.ts'
import { type Message, MessageNumbers } from '../../../simulator/gossip/rpc.ts'
import { gossipSettings } from '../../../simulator/gossip/settings.ts'
import { areEqual, createWorld, jobSpec, runJob } from '../../support/world.ts'

const topic = 'pool/default'
const delayMs = 20

/** Routers with connections of our choice, without boards around them. */
class Net {
  readonly queue = new EventQueue()
  readonly routers: Router[] = []
  /** Router → what it heard, in order. */
  readonly heard: string[][] = []
  loses: (to: number) => boolean = () => false
  readonly #numbers = new MessageNumbers()
  #count = 0

  constructor(count: number, seed = 1) {
    for (let index = 0; index < count; index++) this.#add(index, createPrng(seed * 1_000 + index))
  }

  #add(index: number, prng: ReturnType<typeof createPrng>): void {
    const { queue } = this
    const router = new Router([topic], prng, {
      now: () => queue.now,
      send: (to, rpc) => {
        const messages = rpc.messages.filter(() => !this.loses(Number(to)))
        queue.after(delayMs, () => this.routers[Number(to)]!.receive(String(index) as NodeId, { ...rpc, messages }))
      },
      deliver: (_from, { data }) => this.heard[index]!.push(new TextDecoder().decode(data)),
    })
    this.routers.push(router)
    this.heard.push([])
    const beat = (): void => {
      router.heartbeat()
      queue.after(gossipSettings.heartbeatMs, beat)
    }
    queue.after(prng.below(gossipSettings.heartbeatMs), beat)
  }

  connect(a: number, b: number): void {
    this.routers[a]!.addPeer(String(b) as NodeId, [topic], true)
    this.routers[b]!.addPeer(String(a) as NodeId, [topic], false)
  }

  disconnect(a: number, b: number): void {
    this.routers[a]!.removePeer(String(b) as NodeId)
    this.routers[b]!.removePeer(String(a) as NodeId)
  }

  publish(from: number, text: string): void {
    const data = new TextEncoder().encode(text)
    this.routers[from]!.publish({ ...this.#numbers.of(topic, data, this.queue.now), topic, data, count: ++this.#count } satisfies Message)
  }

  run(ms: number): void {
    this.queue.run(this.queue.now + ms)
  }

  heartbeats(count: number): void {
    this.run(count * gossipSettings.heartbeatMs)
  }
}

/** Every router is connected with the next one, and with some others. */
function overlay(count: number, chords: number, seed: number): Net {
  const net = new Net(count, seed)
  const prng = createPrng(seed)
  const taken = new Set<string>()
  const join = (a: number, b: number): void => {
    const key = `${Math.min(a, b)} ${Math.max(a, b)}`
    if (a === b || taken.has(key)) return
    taken.add(key)
    net.connect(a, b)
  }
  for (let index = 0; index < count; index++) {
    join(index, (index + 1) % count)
    for (let n = 0; n < chords; n++) join(index, prng.below(count))
  }
  return net
}

function everyPair(net: Net, from: number, to: number): void {
  for (let a = from; a < to; a++) for (let b = a + 1; b < to; b++) net.connect(a, b)
}

test('everybody in a connected overlay hears every message, once', () => {
  for (let seed = 1; seed <= 10; seed++) {
    const net = overlay(30, 3, seed)
    net.heartbeats(5)
    for (let n = 0; n < 10; n++) net.publish((7 * n) % 30, `message ${n}`)
    net.heartbeats(gossipSettings.historyLength)
    for (const [index, heard] of net.heard.entries()) {
      const others = Array.from({ length: 10 }, (_, n) => n).filter((n) => (7 * n) % 30 !== index)
      assert.deepEqual(heard.toSorted(), others.map((n) => `message ${n}`).toSorted(), `router ${index}, seed ${seed}`)
    }
  }
})

test('meshes keep their degree, and the two ends of every edge agree', () => {
  for (const count of [6, 12, 40]) {
    const net = new Net(count)
    everyPair(net, 0, count)
    // Fresh peers are mixed in at first; whoever was pruned is left alone for a minute.
    net.run(4 * 60_000)
    for (let a = 0; a < count; a++) {
      const mesh = net.routers[a]!.mesh(topic)
      assert.ok(mesh.size >= gossipSettings.Dlo && mesh.size <= gossipSettings.Dhi, `${mesh.size} of ${count}`)
      for (const b of mesh) assert.ok(net.routers[Number(b)]!.mesh(topic).has(String(a) as NodeId), `${a} and ${b} of ${count}`)
    }
  }
})

test('a message goes over hops: whoever is not in the mesh of its author hears it from another', () => {
  const net = new Net(20)
  everyPair(net, 0, 20)
  net.run(4 * 60_000)
  net.publish(0, 'news')
  net.run(delayMs)
  const first = net.heard.filter((heard) => heard.length > 0).length
  assert.ok(first >= gossipSettings.D && first <= gossipSettings.Dhi, `${first} heard it at once`)
  net.run(4 * delayMs)
  assert.equal(net.heard.filter((heard) => heard.length > 0).length, 19)
})

test('what was lost on the way is asked for, as long as others are told of it', () => {
  const net = new Net(8)
  everyPair(net, 0, 8)
  net.run(60_000)
  net.loses = (to) => to === 5
  net.publish(0, 'news')
  net.run(100)
  assert.deepEqual(net.heard[5], [])
  net.loses = () => false
  net.heartbeats(gossipSettings.historyGossip)
  assert.deepEqual(net.heard[5], ['news'])
})

test('a message that has fallen out of the cache never comes again', () => {
  for (const [beats, comes] of [
    [0, true],
    [gossipSettings.historyLength, false],
  ] as const) {
    const net = new Net(9)
    everyPair(net, 0, 8)
    net.run(60_000)
    net.publish(0, 'news')
    net.heartbeats(beats)
    for (let other = 0; other < 8; other++) net.connect(8, other)
    net.run(5 * 60_000)
    assert.deepEqual(net.heard[8], comes ? ['news'] : [], `${beats} heartbeats later`)
  }
})

test('the same bytes again within two minutes are nothing new', () => {
  const net = new Net(4)
  everyPair(net, 0, 4)
  net.publish(0, 'news')
  net.run(gossipSettings.seenMs - 5_000)
  net.publish(0, 'news')
  net.run(1_000)
  assert.deepEqual(net.heard[1], ['news'])
  net.run(10_000)
  net.publish(0, 'news')
  net.run(1_000)
  assert.deepEqual(net.heard[1], ['news', 'news'])
})

test('two halves that meet again mix their meshes', () => {
  const net = new Net(16)
  everyPair(net, 0, 8)
  everyPair(net, 8, 16)
  net.run(4 * 60_000)
  for (let a = 0; a < 8; a++) for (let b = 8; b < 16; b++) net.connect(a, b)
  net.heartbeats(2)
  net.publish(0, 'news')
  net.run(10 * delayMs)
  assert.equal(net.heard.filter((heard) => heard.length > 0).length, 15, 'without waiting for a heartbeat')
})

test('the same seed is the same gossip', () => {
  const meshesOf = (seed: number): string => {
    const net = overlay(20, 4, seed)
    net.run(60_000)
    return net.routers.map((router) => [...router.mesh(topic)].join('+')).join(' ')
  }
  assert.equal(meshesOf(3), meshesOf(3))
  assert.notEqual(meshesOf(3), meshesOf(4))
})

for (const isMissing of [false, true])
  test(`after a cut that outlasts the cache ${isMissing ? 'nothing becomes equal without anti-entropy' : 'anti-entropy makes the boards equal'}`, () => {
    const world = createWorld(6, { flaws: new Set(isMissing ? (['sync-frames-dropped'] as const) : []) })
    const boards = [...world.boards.values()]
    world.bootAll()
    world.run(10_000)
    world.split(boards.slice(0, 3), boards.slice(3))
    runJob(world, boards[0]!, jobSpec({ count: 1 }))
    world.run((gossipSettings.historyLength + 1) * gossipSettings.heartbeatMs + 30_000)
    assert.equal(areEqual(boards), false)
    world.heal()
    world.run(5 * 60_000)
    assert.equal(areEqual(boards), !isMissing)
  })
