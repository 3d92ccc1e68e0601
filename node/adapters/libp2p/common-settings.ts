// The part of libp2p's configuration that a board and an operator's client share. Apart from settings.ts, so that the CLI does
// not load gossip and DHT.

import '../../polyfill.ts'
import { privateKeyFromRaw } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import type { KeyPair } from '../key-pair.ts'
import { guardedYamux } from './guarded-yamux.ts'
import { networkLimits } from './limits.ts'
import type { protector } from './protector.ts'
import { type OpenSocket, directly, tcpBy } from './proxy.ts'
import { webSocket } from './websocket.ts'

export function commonSettings(key: KeyPair, connectionProtector: ReturnType<typeof protector>, open: OpenSocket = directly) {
  return {
    // Seed and public key: from the seed alone libp2p derives the public key in JavaScript, at 10 to 100 ms and 1 MB of tables.
    privateKey: privateKeyFromRaw(Buffer.concat([key.seed, key.signer.publicKey])),
    connectionEncrypters: [noise()],
    streamMuxers: [
      guardedYamux({
        keepAliveInterval: networkLimits.yamuxKeepAliveMs,
        streamOptions: { maxStreamWindowSize: networkLimits.streamWindowBytesMax },
      }),
    ],
    connectionProtector,
    // A ping stream per connection every 10 s is most of libp2p's idle cost; the core probes on the frame streams instead.
    connectionMonitor: { enabled: false },
    transports: [tcpBy(open), webSocket(open)],
  }
}
