// The real world for the network suite: boards on 127.0.0.1 in this process, and killable ones in processes of their own.

import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { PeerPath } from '../../crdt/api-nodes.ts'
import type { FleetId, NodeId, PoolName } from '../../crdt/ids.ts'
import { type KeyPair, generateKeyPair, keyPairFromSeed } from '../../node/adapters/keys.ts'
import { BoardNetwork, type BoardParts } from '../../node/adapters/libp2p/board-network.ts'
import { silentLog } from '../../node/adapters/libp2p/log.ts'
import { createParts } from '../../node/adapters/libp2p/network.ts'
import type { ApiChannel, Network, Topic } from '../../node/core/ports.ts'
import type { Board, BoardOptions, Heard, World } from './network-verbs.ts'

export const fleet = 'f1'.repeat(32) as FleetId
export const psk = new Uint8Array(32).fill(7)
export const overTcp = ['/ip4/127.0.0.1/tcp/0']
export const overWebSocket = ['/ip4/127.0.0.1/tcp/0/ws']
// Far beyond what anything here takes on an idle machine; only a broken network gets there.
const patienceMs = 60_000
const pollMs = 20

export interface LocalBoard extends Board {
  /** Whom the network has told of as misbehaving, and for what. */
  readonly blamed: readonly string[]
  readonly key: KeyPair
  readonly network: Network
  readonly paths: ReadonlyMap<NodeId, PeerPath>
  readonly parts: BoardParts
  /** How often a peer was identified, its pushes included. */
  readonly identified: () => number
}

/** What handlers were told: the part that every board shares. */
class Diary {
  readonly ups: NodeId[] = []
  readonly downs: NodeId[] = []
  readonly heard: Heard[] = []
  readonly blamed: string[] = []
  readonly paths = new Map<NodeId, PeerPath>()
  readonly callers: { caller: string | null; gone: boolean }[] = []
  addresses: readonly string[] = []
}

export async function createLocalBoard(options: BoardOptions, key: KeyPair): Promise<LocalBoard> {
  const diary = new Diary()
  const parts = await createParts({
    key,
    psk: options.foreign === true ? new Uint8Array(32).fill(8) : psk,
    fleet,
    pool: (options.pool ?? 'harbour') as PoolName,
    listen: options.listen ?? overTcp,
    announce: options.announce ?? [],
    relay: options.relay ?? 'auto',
    ...(options.proxy === undefined ? {} : { proxy: { host: '127.0.0.1', ...options.proxy }, nets: () => () => false }),
    bootstrap: options.bootstrap ?? [],
    mayConnect: options.mayConnect ?? (() => true),
    isHeard: options.isHeard ?? (() => true),
    log: silentLog,
  })
  let identified = 0
  parts.node.addEventListener('peer:identify', () => (identified += 1))
  const network = new BoardNetwork(parts)
  await network.start({
    peerUp: (peer) => diary.ups.push(peer),
    peerDown: (peer) => diary.downs.push(peer),
    path: (peer, path) => diary.paths.set(peer, path),
    frame: (from, bytes, via) => diary.heard.push({ from, bytes, via }),
    misbehaved: (peer, code) => diary.blamed.push(`${peer} ${code}`),
    addresses: (addresses) => (diary.addresses = addresses),
    api: (channel) => void answer(channel, diary),
  })
  return Object.assign(diary, {
    key,
    parts,
    identified: () => identified,
    network,
    id: key.id as NodeId,
    send: (peer, frame) => Promise.resolve(network.send(peer, frame)),
    broadcast: (topic, frame) => network.broadcast(topic, frame),
    disconnect: (peer, reason) => network.disconnect(peer, reason),
    remember: (peer, addresses, wanted) => network.remember(peer, addresses, wanted),
    injectCut: (peers) => network.injectCut(peers),
    request: (peer, request, signal) => network.request(peer, request, signal),
    stop: async () => await network.stop(),
  } satisfies Omit<LocalBoard, keyof Diary>)
}

async function answer(channel: ApiChannel, diary: Diary): Promise<void> {
  const entry = { caller: channel.caller, gone: false }
  diary.callers.push(entry)
  channel.signal.addEventListener('abort', () => (entry.gone = true))
  const [word, count] = new TextDecoder().decode(channel.request).split(' ')
  if (word === 'begin') await channel.send(new TextEncoder().encode('the first of many'))
  if (word !== 'count') return
  for (let i = 0; i < Number(count); i++) {
    const padding = '.'.repeat(i % 50 === 0 ? 90_000 : 10)
    await channel.send(new TextEncoder().encode(`n ${i}`.padEnd(8, ' ') + padding))
  }
  await channel.end()
}

// ---------------------------------------------------------------- boards in processes of their own

interface ChildBoard extends Board {
  readonly seed: string
  readonly process: ChildProcess
}

const childFile = fileURLToPath(new URL('network-board.ts', import.meta.url))

async function spawnChild(): Promise<ChildProcess> {
  const child = fork(childFile, [], { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
  await once(child, 'message') // 'loaded'
  return child
}

async function startChild(child: ChildProcess, options: BoardOptions, key: KeyPair): Promise<ChildBoard> {
  const diary = new Diary()
  child.on('message', (message: Partial<Diary>) => {
    if (message.ups !== undefined) Object.assign(diary, message)
  })
  child.send({
    start: { bootstrap: options.bootstrap ?? [], listen: options.listen ?? overTcp, seed: Buffer.from(key.seed).toString('hex') },
  })
  while (diary.addresses.length === 0) await once(child, 'message')
  const unsupported = (): never => assert.fail('a killable board cannot do this')
  return Object.assign(diary, {
    process: child,
    seed: Buffer.from(key.seed).toString('hex'),
    id: key.id as NodeId,
    broadcast: (topic: Topic, frame) => void child.send({ broadcast: { topic, frame } }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGKILL')
      await once(child, 'exit')
    },
    send: unsupported,
    disconnect: unsupported,
    remember: unsupported,
    injectCut: unsupported,
    request: unsupported,
  } satisfies Omit<ChildBoard, keyof Diary>)
}

/** `listen`: where boards listen that say nothing of it. */
export async function createRealWorld(listen: readonly string[] = overTcp): Promise<World> {
  const boards: Board[] = []
  const keyOf = (options: BoardOptions): KeyPair => {
    const as = options.as as LocalBoard | undefined
    return as === undefined ? generateKeyPair() : as.key
  }
  const add = <T extends Board>(board: T): T => {
    boards.push(board)
    return board
  }
  return {
    board: async (options = {}) => {
      if (options.killable !== true) {
        const board = add(await createLocalBoard({ listen, ...options }, keyOf(options)))
        return board
      }
      return add(await startChild(await spawnChild(), { listen, ...options }, keyOf(options)))
    },
    killAndRestart: async (board, options) => {
      const old = board as ChildBoard
      const spare = await spawnChild() // loaded already, so that the new one is there at once
      await old.stop()
      return add(await startChild(spare, { listen, ...options }, keyPairFromSeed(Buffer.from(old.seed, 'hex'))))
    },
    until: async (what, predicate) => {
      for (let waited = 0; !predicate(); waited += pollMs) {
        if (waited > patienceMs) assert.fail(`did not happen: ${what}`)
        await new Promise((resolve) => setTimeout(resolve, pollMs))
      }
    },
    close: async () => {
      await Promise.all(boards.map(async (board) => await board.stop()))
    },
  }
}

/** A test in a real world of its own, which is closed behind it. */
export function inWorld(what: string, body: (world: World, board: (options?: BoardOptions) => Promise<LocalBoard>) => Promise<void>): void {
  test(what, async () => {
    const world = await createRealWorld()
    try {
      await body(world, async (options) => (await world.board(options)) as LocalBoard)
    } finally {
      await world.close()
    }
  })
}
