// What every implementation of the core's `Network` port must do, real or simulated. A world makes boards and waits; the suite
// only looks at what the handlers were told. Nothing here knows of libp2p. What only one of the two can do is said in `lacks` (`network-verbs.ts`).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../crdt/ids.ts'
import { wireLimits } from '../../node/core/wire.ts'
import { type Board, type BoardOptions, type Lack, type World, bytesOf, gossips, heardTexts, isUp, pair, textOf } from './network-verbs.ts'

type InWorld = (what: string, body: (world: World) => Promise<void>) => void

function worlds(name: string, createWorld: () => Promise<World>): InWorld {
  return (what, body) => {
    test(`${name}: ${what}`, async () => {
      const world = await createWorld()
      try {
        const boards: Board[] = []
        const board = async (options?: BoardOptions): Promise<Board> => {
          const made = await world.board(options)
          boards.push(made)
          return made
        }
        await body(Object.assign(Object.create(world) as World, { board }))
        for (const one of boards) upAndDownInTurn(one)
      } finally {
        await world.close()
      }
    })
  }
}

/** A peer is up once until it is down. */
function upAndDownInTurn({ ups, downs }: Board): void {
  const count = (all: readonly NodeId[], id: NodeId): number => all.filter((one) => one === id).length
  for (const id of new Set([...ups, ...downs])) {
    const surplus = count(ups, id) - count(downs, id)
    assert.ok(surplus === 0 || surplus === 1, `${id}: up ${count(ups, id)} times, down ${count(downs, id)} times`)
  }
}

/** Apart from the others: a real world needs processes for it. */
export function networkRestartAcceptance(name: string, createWorld: () => Promise<World>): void {
  const inWorld = worlds(name, createWorld)

  inWorld('killed and started again with the same key, a board gossips both ways', async (world) => {
    const a = await world.board()
    const b = await world.board({ bootstrap: a.addresses })
    const victim = await world.board({ bootstrap: a.addresses, killable: true })
    await world.until('all are up', () => isUp(a, victim) && isUp(victim, a) && isUp(a, b))
    await gossips(world, victim, [a, b], 'before')
    const again = await world.killAndRestart(victim, { bootstrap: a.addresses })
    await world.until('up again', () => isUp(a, again) && isUp(again, a))
    await gossips(world, again, [a, b], 'from the restarted')
    await gossips(world, a, [again], 'to the restarted')
  })
}

export function networkAcceptance(name: string, createWorld: () => Promise<World>, without: ReadonlySet<Lack>): void {
  const inWorld = worlds(name, createWorld)
  meeting(inWorld)
  carrying(inWorld)
  cutting(inWorld)
  sharing(inWorld)
  if (!without.has('one-way cuts')) cuttingOneWay(inWorld)
  if (!without.has('strangers')) refusing(inWorld)
  if (!without.has('requests')) asking(inWorld)
}

function meeting(inWorld: InWorld): void {
  inWorld('five boards that know one address all meet, and a broadcast reaches each of them once', async (world) => {
    const first = await world.board()
    const boards = [first]
    for (let i = 0; i < 4; i++) boards.push(await world.board({ bootstrap: first.addresses }))
    await world.until('everybody has a peer', () => boards.every((board) => board.ups.length > 0))
    for (const [i, board] of boards.entries()) {
      const others = boards.filter((other) => other !== board)
      await gossips(world, board, others, `from ${i}`)
    }
    for (const board of boards) {
      const texts = heardTexts(board, 'gossip')
      assert.equal(new Set(texts).size, texts.length, 'a message is delivered once')
      assert.equal(new Set(board.ups).size, board.ups.length, 'a peer is up once')
      assert.deepEqual(board.downs, [])
    }
  })

  inWorld('a pool topic stays in its pool, the fleet topic reaches all', async (world) => {
    const a = await world.board({ pool: 'harbour' })
    const b = await world.board({ pool: 'harbour', bootstrap: a.addresses })
    const c = await world.board({ pool: 'quay', bootstrap: a.addresses })
    await world.until('all are up', () => isUp(a, b) && isUp(a, c))
    let round = 0
    await world.until('the fleet hears, and so does the pool', () => {
      if (heardTexts(c, 'gossip').length > 0 && heardTexts(b, 'gossip').some((text) => text.startsWith('pool'))) return true
      if (round++ % 5 === 0) {
        a.broadcast('pool', bytesOf(`pool ${round}`))
        a.broadcast('fleet', bytesOf(`fleet ${round}`))
      }
      return false
    })
    assert.ok(heardTexts(c, 'gossip').every((text) => text.startsWith('fleet')))
  })

  inWorld('a wanted board that came back under another address is found through the others', async (world) => {
    const hub = await world.board()
    const seeker = await world.board({ bootstrap: hub.addresses })
    const mover = await world.board({ bootstrap: hub.addresses })
    await world.until('all are up', () => isUp(hub, seeker) && isUp(hub, mover))
    const { addresses } = mover
    await mover.stop()
    await world.until('it is gone', () => !isUp(hub, mover) && !isUp(seeker, mover))
    seeker.remember(mover.id, addresses, true)
    const moved = await world.board({ as: mover, bootstrap: hub.addresses })
    assert.notDeepEqual(moved.addresses, addresses)
    await world.until('both have it', () => isUp(hub, moved) && isUp(seeker, moved) && isUp(moved, seeker))
  })
}

function carrying(inWorld: InWorld): void {
  inWorld('a frame that is too large is refused, and harms nothing', async (world) => {
    const [a, b] = await pair(world)
    const greatest = new Uint8Array(wireLimits.frameBytesMax).fill(1)
    assert.equal(await a.send(b.id, new Uint8Array(wireLimits.frameBytesMax + 1)), false)
    assert.equal(await a.send(b.id, greatest), true)
    assert.equal(await a.send(b.id, bytesOf('after it')), true)
    await world.until('two frames arrive', () => b.heard.length === 2)
    assert.deepEqual([b.heard[0]!.bytes.length, textOf(b.heard[1]!.bytes)], [greatest.length, 'after it'])
    assert.deepEqual([a.downs, b.downs], [[], []])
  })

  inWorld('what is said twice is heard once, and not by the one who says it', async (world) => {
    const [a, b] = await pair(world)
    await gossips(world, a, [b], 'first')
    a.broadcast('pool', bytesOf('twice'))
    a.broadcast('pool', bytesOf('twice'))
    await gossips(world, a, [b], 'then')
    a.broadcast('pool', bytesOf('twice'))
    await gossips(world, a, [b], 'at last')
    assert.deepEqual(
      heardTexts(b, 'gossip').filter((text) => text === 'twice'),
      ['twice'],
    )
    assert.deepEqual(heardTexts(a, 'gossip'), [])
  })

  inWorld('frames of all sizes arrive in order, both ways at once', async (world) => {
    const [a, b] = await pair(world)
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 20 === 0 ? 60_000 : 1 + ((i * 37) % 900)))
    const frame = (i: number): Uint8Array => bytesOf(`${i} `.padEnd(sizes[i]! + 4, '.'))
    for (let i = 0; i < sizes.length; i++) {
      assert.equal(await a.send(b.id, frame(i)), true)
      assert.equal(await b.send(a.id, frame(i)), true)
    }
    await world.until('all frames arrive', () => a.heard.length >= sizes.length && b.heard.length >= sizes.length)
    for (const board of [a, b]) {
      assert.deepEqual(
        heardTexts(board, 'stream'),
        sizes.map((_, i) => textOf(frame(i))),
      )
    }
  })

  inWorld('a board that stops is down, once, and up again when it is back', async (world) => {
    const [a, b] = await pair(world)
    await b.stop()
    await world.until('a sees it go', () => a.downs.length > 0)
    assert.deepEqual(a.downs, [b.id])
    assert.equal(await a.send(b.id, bytesOf('nobody there')), false)
    const again = await world.board({ as: b, bootstrap: a.addresses })
    await world.until('up again', () => isUp(a, again) && isUp(again, a))
    assert.deepEqual(a.ups, [b.id, b.id])
  })
}

function cutting(inWorld: InWorld): void {
  inWorld('a silent cut closes nothing by itself, stops everything, and heals', async (world) => {
    const a = await world.board()
    const b = await world.board({ bootstrap: a.addresses })
    const c = await world.board({ bootstrap: a.addresses })
    await world.until('all are up', () => isUp(a, b) && isUp(a, c) && isUp(b, a) && isUp(c, a))
    c.injectCut([a.id, b.id])
    await a.send(c.id, bytesOf('lost on the way'))
    await c.send(a.id, bytesOf('lost as well'))
    await gossips(world, a, [b], 'during the cut')
    assert.deepEqual([a.downs, c.downs], [[], []], 'the other side must not see a closed connection')
    assert.deepEqual([...heardTexts(c, 'stream'), ...heardTexts(c, 'gossip').filter((text) => text.startsWith('during'))], [])
    assert.deepEqual(heardTexts(a, 'stream', c), [])
    for (const board of [a, b]) c.disconnect(board.id, 'probes lost')
    await world.until('c notices', () => !isUp(c, a) && !isUp(c, b))
    await gossips(world, b, [a], 'while c has hung up')
    assert.deepEqual(a.downs, [], 'hanging up behind the cut must not be seen on the other side')
    for (const board of [a, b]) board.disconnect(c.id, 'probes lost')
    await world.until('all notice', () => !isUp(a, c) && !isUp(b, c) && !isUp(c, a) && !isUp(c, b))
    c.injectCut([])
    await world.until('healed', () => isUp(a, c) && isUp(c, a))
    await gossips(world, c, [a, b], 'after the heal')
    await gossips(world, b, [c], 'to the healed')
  })

  inWorld('a short cut resumes what was on the way', async (world) => {
    const [a, b] = await pair(world)
    b.injectCut(null)
    for (let i = 0; i < 20; i++) {
      await a.send(b.id, bytesOf(`down ${i}`))
      await b.send(a.id, bytesOf(`up ${i}`))
    }
    b.injectCut([])
    for (let i = 20; i < 30; i++) {
      await a.send(b.id, bytesOf(`down ${i}`))
      await b.send(a.id, bytesOf(`up ${i}`))
    }
    await world.until('all arrives', () => a.heard.length === 30 && b.heard.length === 30)
    for (const [board, word] of [
      [b, 'down'],
      [a, 'up'],
    ] as const)
      // prettier-ignore
      assert.deepEqual(
        heardTexts(board, 'stream'),
        Array.from({ length: 30 }, (_, i) => `${word} ${i}`),
        'what is sent after the cut comes after what it held up',
      )
    assert.deepEqual([a.downs, b.downs], [[], []])
  })

  inWorld('a queue that nobody empties drops the newest frames and says so', async (world) => {
    const [a, b] = await pair(world)
    b.injectCut(null)
    const frame = new Uint8Array(60_000)
    let accepted = 0
    while (accepted < 10_000 && (await a.send(b.id, frame))) accepted += 1
    assert.ok(accepted > 0 && accepted < 10_000, `${accepted} frames were queued`)
    b.injectCut([])
    await world.until('the accepted ones arrive', () => b.heard.length === accepted)
    assert.equal(await a.send(b.id, frame), true)
  })
}

function cuttingOneWay(inWorld: InWorld): void {
  inWorld('of a cut that is one-way only that way is held up, until it ends', async (world) => {
    const [a, b] = await pair(world)
    const open = world.cutWay!(a, b)
    await a.send(b.id, bytesOf('held up'))
    await b.send(a.id, bytesOf('comes'))
    await world.until('the other way is open', () => heardTexts(a, 'stream').includes('comes'))
    assert.deepEqual([heardTexts(b, 'stream'), a.downs, b.downs], [[], [], []])
    open()
    await world.until('it comes', () => heardTexts(b, 'stream').includes('held up'))
  })
}

/** A disk was copied to another board: to everybody else both are the same one, which restarts again and again. */
function sharing(inWorld: InWorld): void {
  inWorld('two boards with one key take each other’s place, and whoever is left has it', async (world) => {
    const a = await world.board()
    const c = await world.board({ bootstrap: a.addresses })
    const b = await world.board({ bootstrap: a.addresses })
    await world.until('all are up', () => isUp(a, b) && isUp(b, a) && isUp(a, c) && isUp(c, a))
    const twin = await world.board({ as: b, bootstrap: a.addresses })
    await world.until('it takes the place', () => isUp(twin, a) && a.downs.length === 1 && isUp(a, twin))
    await world.until('the other one takes it back', () => b.downs.length > 0 && isUp(b, a) && a.downs.length >= 2)
    await gossips(world, a, [c], 'among the others')
    await gossips(world, c, [a], 'and back')
    assert.deepEqual([b.ups.includes(b.id), twin.ups.includes(b.id), a.downs.includes(c.id)], [false, false, false])
    await b.stop()
    let n = 0
    await world.until('frames reach the one that is left', () => {
      if (n++ % 5 === 0) void a.send(twin.id, bytesOf('to the one that is left'))
      return heardTexts(twin, 'stream').includes('to the one that is left')
    })
    const downs = a.downs.length
    await gossips(world, twin, [a, c], 'from the one that is left')
    await gossips(world, a, [twin], 'to the one that is left')
    assert.equal(a.downs.length, downs)
  })
}

function refusing(inWorld: InWorld): void {
  inWorld('a board of another fleet never gets in', async (world) => {
    const a = await world.board()
    const foreign = await world.board({ foreign: true, bootstrap: a.addresses })
    const b = await world.board({ bootstrap: a.addresses })
    await world.until('the own ones are up', () => isUp(a, b))
    await assert.rejects(async () => {
      for await (const _ of foreign.request(a.id, bytesOf('count 1'), new AbortController().signal)) break
    })
    assert.deepEqual([a.ups.includes(foreign.id), foreign.ups], [false, []])
  })

  inWorld('a board that the gate refuses is never up, whoever dials', async (world) => {
    const banned = new Set<string>()
    const a = await world.board({ mayConnect: (peer) => !banned.has(peer) })
    const outcast = await world.board()
    banned.add(outcast.id)
    a.remember(outcast.id, outcast.addresses, true)
    outcast.remember(a.id, a.addresses, true)
    const b = await world.board({ bootstrap: a.addresses })
    await world.until('the others are up', () => isUp(a, b))
    await assert.rejects(async () => {
      for await (const _ of outcast.request(a.id, bytesOf('count 1'), new AbortController().signal)) break
    })
    assert.deepEqual([a.ups.includes(outcast.id), outcast.ups.includes(a.id)], [false, false])
  })
}

function asking(inWorld: InWorld): void {
  inWorld('a request is answered frame by frame; a caller that goes is noticed', async (world) => {
    const [a, b] = await pair(world)
    const answer: string[] = []
    const frames = a.request(b.id, bytesOf('count 300'), new AbortController().signal)
    for await (const frame of frames) answer.push(textOf(frame).slice(0, 8).trim())
    assert.deepEqual(
      answer,
      Array.from({ length: 300 }, (_, i) => `n ${i}`),
    )
    assert.equal(b.callers[0]?.caller, a.id)
    const giveUp = new AbortController()
    const waiting = a.request(b.id, bytesOf('wait'), giveUp.signal)[Symbol.asyncIterator]().next()
    await world.until('the request is there', () => b.callers.length === 2)
    giveUp.abort()
    await assert.rejects(waiting)
    await world.until('the answering side knows', () => b.callers[1]?.gone === true)
  })

  inWorld('a board whose address changed is found through the others', async (world) => {
    const hub = await world.board()
    const seeker = await world.board({ bootstrap: hub.addresses })
    const mover = await world.board({ bootstrap: hub.addresses })
    await world.until('all are up', () => isUp(hub, seeker) && isUp(hub, mover))
    const oldAddresses = mover.addresses
    await mover.stop()
    await world.until('it is gone', () => !isUp(hub, mover) && !isUp(seeker, mover))
    let allowed = false
    const moved = await world.board({ as: mover, bootstrap: hub.addresses, mayConnect: (peer) => peer !== seeker.id || allowed })
    await world.until('the hub has it', () => isUp(hub, moved))
    assert.notDeepEqual(moved.addresses, oldAddresses)
    allowed = true
    seeker.remember(mover.id, oldAddresses, true)
    const answer: string[] = []
    for await (const frame of seeker.request(mover.id, bytesOf('count 1'), new AbortController().signal)) answer.push(textOf(frame).trim())
    assert.equal(answer.length, 1)
  })
}
