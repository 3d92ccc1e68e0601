// Boards that nobody can dial: they take places at relays by themselves, direct streams go over them, and they look for another one when one is gone.

import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import { askDialBack } from '../../node/adapters/libp2p/dial-back.ts'
import { bytesOf, isUp, textOf } from './network-verbs.ts'
import { type LocalBoard, inWorld } from './network-world.ts'

/** A board without any address of its own asks nobody whether it can be dialled. */
const hidden = { listen: [] } as const

const places = ({ addresses }: LocalBoard): string[] => [
  ...new Set(addresses.flatMap((text) => /\/p2p\/([^/]+)\/p2p-circuit\//.exec(text)?.[1] ?? [])),
]

async function answerOf(from: LocalBoard, to: LocalBoard, request: string): Promise<string[]> {
  const frames: string[] = []
  const signal = AbortSignal.timeout(30_000)
  for await (const frame of from.request(to.id, bytesOf(request), signal)) frames.push(textOf(frame))
  return frames
}

inWorld('a board that nobody can dial is reached through a relay: frames, and an answer of megabytes', async (world, board) => {
  const relay = await board()
  const a = await board({ ...hidden, bootstrap: relay.addresses })
  const b = await board({ ...hidden, bootstrap: relay.addresses })
  await world.until('each has a place at the relay', () => [a, b].every((one) => places(one).includes(relay.id)))
  assert.deepEqual(
    relay.addresses.filter((text) => text.includes('p2p-circuit')),
    [],
    'who can be dialled needs none',
  )
  a.remember(b.id, b.addresses, true)
  await world.until('they are peers', () => isUp(a, b) && isUp(b, a))
  assert.deepEqual(
    [a.paths.get(b.id), b.paths.get(a.id)],
    [
      { over: 'tcp', via: relay.id },
      { over: 'tcp', via: relay.id },
    ],
  )
  assert.deepEqual(a.paths.get(relay.id), { over: 'tcp', via: null })
  assert.ok(await a.send(b.id, bytesOf('over the relay')))
  await world.until('it is heard', () => b.heard.some(({ bytes }) => textOf(bytes) === 'over the relay'))
  // 100 frames, of which each fiftieth is of 90 kB.
  assert.equal((await answerOf(a, b, 'count 100')).length, 100)
})

inWorld('a request that nobody has a connection for goes over the relay as well', async (world, board) => {
  const relay = await board()
  const a = await board({ bootstrap: relay.addresses })
  const b = await board({ ...hidden, bootstrap: relay.addresses })
  await world.until('it has a place', () => places(b).length === 1)
  // Not wanted: of another pool.
  a.remember(b.id, b.addresses, false)
  assert.equal((await answerOf(a, b, 'count 3')).length, 3)
  assert.deepEqual(a.paths.get(b.id), { over: 'tcp', via: relay.id })
})

inWorld('two places at most; when a relay is gone, another takes its place', async (world, board) => {
  const first = await board()
  const relays = [first, await board({ bootstrap: first.addresses }), await board({ bootstrap: first.addresses })]
  const a = await board({ ...hidden, bootstrap: relays.flatMap(({ addresses }) => addresses) })
  await world.until('all are peers, and two have a place for it', () => relays.every((relay) => isUp(a, relay)) && places(a).length === 2)
  const gone = relays.find(({ id }) => places(a).includes(id))!
  const other = relays.find(({ id }) => !places(a).includes(id))!
  await gone.stop()
  await world.until('the third one is asked', () => places(a).includes(other.id))
})

inWorld('a relay serves no stranger, and a board that is to take no part takes none', async (world, board) => {
  const deaf = await board({ isHeard: () => false })
  const off = await board({ relay: 'off' })
  const relay = await board()
  const all = [deaf, off, relay].flatMap(({ addresses }) => addresses)
  const a = await board({ ...hidden, bootstrap: all })
  const b = await board({ ...hidden, bootstrap: all, relay: 'off' })
  await world.until('both have all three', () => [deaf, off, relay].every((one) => isUp(a, one) && isUp(b, one)))
  await world.until('it has its place', () => places(a).length > 0)
  assert.deepEqual([places(a), b.addresses], [[relay.id], []])
})

inWorld('a member is dialled back at the addresses that it has published, and only members are', async (world, board) => {
  const judge = await board()
  const open = await board({ bootstrap: judge.addresses })
  const stranger = await board()
  // Somebody takes connections there, and it is not the one who says so.
  const wrong = await board({ bootstrap: judge.addresses, announce: [stranger.addresses[0]!.replace(/\/p2p\/.*$/, '')] })
  const picky = await board({ isHeard: (peer) => peer !== stranger.id, bootstrap: stranger.addresses })
  await world.until('all are up', () => isUp(judge, open) && isUp(judge, wrong) && isUp(picky, stranger))
  await world.until('they are identified', () => [judge, open, wrong, picky, stranger].every((one) => one.identified() > 0))
  const answered = async (asker: LocalBoard, judged: LocalBoard): Promise<string> =>
    await askDialBack(asker.parts.node.getConnections(peerIdFromString(judged.id))[0]!)
  assert.deepEqual(
    [await answered(open, judge), await answered(wrong, judge), await answered(stranger, picky)],
    ['reached', 'not reached', 'unknown'],
  )
  const dialled = (): boolean => open.parts.node.getConnections(peerIdFromString(judge.id)).some(({ direction }) => direction === 'inbound')
  await world.until('the connection stays, as one that says that the board can be dialled', dialled)
  const again = await Promise.all([1, 2, 3].map(async () => await answered(open, judge)))
  assert.ok(again.includes('unknown'), 'not often')
})
