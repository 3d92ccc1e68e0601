// The part of libp2p's configuration that a board and an operator's client share. Apart from settings.ts, so that the CLI does
// not load gossip and DHT.

import '../../polyfill.ts'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { noise } from '@libp2p/noise'
import { preSharedKey } from '@libp2p/pnet'
import { tcp } from '@libp2p/tcp'
import type { KeyPair } from '../key-pair.ts'
import { guardedYamux } from './guarded-yamux.ts'
import { networkLimits } from './limits.ts'
import { swarmKeyFile } from './swarm-key.ts'

const socketOptions = { keepAlive: true, keepAliveInitialDelay: networkLimits.tcpKeepAliveMs, noDelay: true }

export async function commonSettings(key: KeyPair, psk: Uint8Array) {
  return {
    privateKey: await generateKeyPairFromSeed('Ed25519', key.seed),
    connectionEncrypters: [noise()],
    streamMuxers: [
      guardedYamux({
        keepAliveInterval: networkLimits.yamuxKeepAliveMs,
        streamOptions: { maxStreamWindowSize: networkLimits.streamWindowBytesMax },
      }),
    ],
    connectionProtector: preSharedKey({ psk: swarmKeyFile(psk) }),
    // A ping stream per connection every 10 s is most of libp2p's idle cost; the core probes on the frame streams instead.
    connectionMonitor: { enabled: false },
    transports: [tcp({ dialOpts: socketOptions, listenOpts: socketOptions })],
  }
}
