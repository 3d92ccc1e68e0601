// A board of an attacker: it connects as boards do, by the product's own network adapter, and says what a test has it say. Frames of one
// stream are taken in order, so once its probe is answered the board has dealt with everything before it.

import { signCertificate } from '../../../crdt/admission/certificate.ts'
import type { FleetId, NodeId, OperatorId, PoolName } from '../../../crdt/ids.ts'
import { type Frame, decodeFrame, encodeFrame } from '../../../node/core/wire.ts'
import type { Network } from '../../../node/core/ports.ts'
import { type KeyPair, generateKeyPair, keyPairFromSeed } from '../../../node/adapters/keys.ts'
import { silentLog } from '../../../node/adapters/libp2p/log.ts'
import { createNetwork } from '../../../node/adapters/libp2p/network.ts'
import type { TestSigner } from '../../support/crypto.ts'
import { until } from './fleet.ts'

/** What it has stolen. */
export interface Stolen {
  readonly fleet: string
  /** Hex, 32 bytes. */
  readonly psk: string
  /** The secret of a join token, hex; absent: it has none. */
  readonly token?: string
}

const pool = 'default' as PoolName

export class Attacker {
  readonly signer: TestSigner
  /** Empty: it has none. */
  readonly certificate: Uint8Array
  readonly frames: { readonly from: NodeId; readonly frame: Frame }[] = []
  readonly connected = new Set<NodeId>()
  readonly #network: Network
  readonly #hello: Uint8Array
  #probes = 1_000

  private constructor(network: Network, key: KeyPair, certificate: Uint8Array) {
    this.#network = network
    this.signer = { id: key.id, node: key.id as NodeId, operator: key.id as OperatorId, signer: key.signer }
    this.certificate = certificate
    const card = { certificate, name: 'mallory', about: 'a laptop' }
    this.#hello = encodeFrame({ kind: 'hello', pool, version: '0', protocol: [1, 1], planVersion: 1, card })
  }

  static async start(stolen: Stolen, victims: readonly string[]): Promise<Attacker> {
    const key = generateKeyPair()
    const network = await createNetwork({
      key,
      psk: Buffer.from(stolen.psk, 'hex'),
      fleet: stolen.fleet as FleetId,
      pool,
      listen: [],
      announce: [],
      bootstrap: victims,
      mayConnect: () => true,
      isHeard: () => true,
      log: silentLog,
    })
    const attacker = new Attacker(network, key, certify(stolen, key))
    await network.start({
      peerUp: (peer) => attacker.#up(peer),
      peerDown: (peer) => attacker.connected.delete(peer),
      path: () => undefined,
      frame: (from, bytes) => attacker.#heard(from, bytes),
      misbehaved: () => undefined,
      addresses: () => undefined,
      api: () => undefined,
    })
    return attacker
  }

  /** Whatever it is: no frame is looked at before it goes out. */
  send(to: NodeId, ...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#network.send(to, frame)
  }

  gossip(...frames: readonly Uint8Array[]): void {
    for (const frame of frames) this.#network.broadcast('pool', frame)
  }

  /** Until the board, which has admitted this one, has dealt with all that was sent to it. */
  async isDealtWith(by: NodeId): Promise<void> {
    const n = ++this.#probes
    await until('the probe is answered', 60_000, async () => {
      this.send(by, encodeFrame({ kind: 'probe', n }))
      return this.frames.some(({ from, frame }) => from === by && frame.kind === 'probe-ack' && frame.n === n)
    })
  }

  async request(of: NodeId, body: Uint8Array): Promise<string> {
    const replies: string[] = []
    for await (const reply of this.#network.request(of, body, AbortSignal.timeout(30_000))) replies.push(new TextDecoder().decode(reply))
    return replies.join('\n')
  }

  async stop(): Promise<void> {
    await this.#network.stop()
  }

  #up(peer: NodeId): void {
    this.connected.add(peer)
    this.send(peer, this.#hello)
  }

  #heard(from: NodeId, bytes: Uint8Array): void {
    const decoded = decodeFrame(bytes)
    if (decoded.ok) this.frames.push({ from, frame: decoded.value })
  }
}

/** What a board shows that was set up with the token; without one it has none. */
function certify({ fleet, token }: Stolen, key: KeyPair): Uint8Array {
  if (token === undefined) return new Uint8Array(0)
  const certified = { fleet: fleet as FleetId, node: key.id as NodeId, pool, name: 'mallory', labels: {} }
  const made = signCertificate(certified, keyPairFromSeed(Buffer.from(token, 'hex')).signer)
  if (!made.ok) throw new Error(made.message)
  return made.value
}
