// The operator's side of the API over libp2p: a node without gossip, DHT or listening, whose PeerId is the operator's key.
// Takes the first peer of an ordered list that answers. Unix sockets are the caller's business: they need no key.

import '../../polyfill.ts'
import type { Connection } from '@libp2p/interface'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { KeyPair } from '../key-pair.ts'
import { addressForms, toMultiaddr } from './addresses.ts'
import { ApiConnectError, type ApiErrorCode } from './api-error.ts'
import { probe, requestOn } from './api-protocol.ts'
import { commonSettings } from './common-settings.ts'
import { hangsUpOnNonsense } from './hang-up.ts'
import { KeyRing, keysMax } from './key-ring.ts'
import { wordsOf } from './log.ts'
import { protector } from './protector.ts'

export { toMultiaddr } from './addresses.ts'

export interface ApiClient {
  readonly peer: string
  /** The board has other pre-shared keys than this side: a rotation is under way, or over. */
  readonly isBehind: boolean
  request(body: Uint8Array, signal?: AbortSignal): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface ClientOptions {
  readonly key: KeyPair
  /** Newest first. */
  readonly psks: readonly Uint8Array[]
  readonly fleet: string
  /** Multiaddrs or host:port, in order of preference. */
  readonly peers: readonly string[]
  /** For each peer. */
  readonly timeoutMs: number
}

export async function connectClient(options: ClientOptions): Promise<ApiClient> {
  if (options.peers.length === 0) throw new ApiConnectError('E_UNREACHABLE', 'no peer is given')
  const ring = new KeyRing(options.psks.slice(0, keysMax))
  let isBehind = false
  const node = await createLibp2p({
    ...commonSettings(
      options.key,
      protector(ring, (nonce) => (isBehind = ring.isBehind(nonce))),
    ),
    connectionManager: { addressDialTimeout: options.timeoutMs, dialTimeout: options.timeoutMs, reconnectRetries: 0 },
    // The default refuses private addresses in places where a fleet lives on them.
    connectionGater: { denyDialMultiaddr: () => false },
  })
  const faults: { code: ApiErrorCode; words: string }[] = []
  for (const peer of options.peers) {
    try {
      const connection = await connectPatiently(node, peer, options.timeoutMs)
      return { ...clientOn(connection, peer, async () => await node.stop()), isBehind }
    } catch (error) {
      faults.push(explain(peer, error))
    }
  }
  await node.stop()
  throw new ApiConnectError(commonCode(faults), faults.map(({ words }) => words).join('; '))
}

type ClientNode = Awaited<ReturnType<typeof createLibp2p>>

// A lossy link may need more than one.
const triesMax = 3

async function connectPatiently(node: ClientNode, peer: string, timeoutMs: number): Promise<Connection> {
  const tryMs = Math.ceil(timeoutMs / triesMax)
  for (let tries = 1; ; tries++) {
    try {
      return await connect(node, peer, AbortSignal.timeout(tryMs))
    } catch (error) {
      if (!isTimeout(error)) throw error
      if (tries === triesMax) throw (await hangsUp(peer, tryMs / hangUpShare)) ? new ApiConnectError('E_WRONG_FLEET', otherKey) : error
    }
  }
}

const otherKey = 'the handshake failed; it seems that the board there has another pre-shared key, so it is of another fleet'

/** So soon that a handshake would have fitted into a try: a slow board of this fleet must not be taken for a foreign one. */
const hangUpShare = 3

/**
 * With a wrong pre-shared key the other side reads random bytes: mostly nonsense, on which it hangs up, but in two of five cases the
 * promise of more bytes, for which it waits. So silence alone does not tell a foreign board from a dead one.
 */
async function hangsUp(peer: string, withinMs: number): Promise<boolean> {
  const address = toMultiaddr(peer)
  return address !== null && (await hangsUpOnNonsense(address, withinMs))
}

async function connect(node: ClientNode, peer: string, signal: AbortSignal): Promise<Connection> {
  const address = toMultiaddr(peer)
  if (address === null) throw new ApiConnectError('E_PEER_ADDRESS', `not an address (${addressForms})`)
  const connection = await node.dial(multiaddr(address), { signal })
  // A gate that refuses closes only after Noise, when this side already counts itself connected.
  await probe(connection, signal).catch((error: unknown) => {
    const closed = connection.status !== 'open'
    throw closed ? new ApiConnectError('E_NOT_ADMITTED', 'the board hung up after the handshake: it does not admit this key') : error
  })
  return connection
}

function clientOn(connection: Connection, peer: string, close: () => Promise<void>): Omit<ApiClient, 'isBehind'> {
  return {
    peer,
    request: (body, signal) => requestOn(connection, body, signal ?? new AbortController().signal),
    close,
  }
}

/** pnet cannot say that keys differ: Noise then reads noise, and the other side hangs up in the middle of it. */
function explain(peer: string, error: unknown): { code: ApiErrorCode; words: string } {
  const words = wordsOf(error)
  if (error instanceof ApiConnectError) return { code: error.code, words: `${peer}: ${error.message}` }
  if (words.includes('EncryptionFailed')) {
    return { code: 'E_WRONG_FLEET', words: `${peer}: ${otherKey} (${words})` }
  }
  return { code: 'E_UNREACHABLE', words: `${peer}: ${isTimeout(error) ? 'no answer in time' : words}` }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')
}

function commonCode(faults: readonly { readonly code: ApiErrorCode }[]): ApiErrorCode {
  const codes = new Set(faults.map(({ code }) => code))
  const [only] = codes
  return codes.size === 1 && only !== undefined ? only : 'E_UNREACHABLE'
}
