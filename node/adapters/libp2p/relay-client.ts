// Places at relays, one by one. libp2p's listener on a relay can only be closed together with all others, and lets any peer that it is dialled through
// become a relay; so its store of reservations is used directly. It renews them, and says when one is gone. (@libp2p/circuit-relay-v2 4.2.13)

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import type { PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { networkLimits } from './limits.ts'

type TransportFactory = ReturnType<typeof circuitRelayTransport>

/** What is used of the transport beyond libp2p's interface. */
interface RawTransport {
  components: object
  readonly reservationStore: EventTarget & {
    readonly reservations: {
      get(relay: PeerId): { readonly timeout: NodeJS.Timeout } | undefined
      delete(relay: PeerId): void
    }
    addRelay(relay: PeerId, type: 'configured'): Promise<unknown>
  }
}

export class RelayClient {
  #transport: RawTransport | undefined
  /** One after the other: libp2p's queue is emptied whenever one has been taken. */
  #last: Promise<unknown> = Promise.resolve()
  #onLost: (relay: string) => void = () => undefined

  /** For libp2p's list of transports. */
  transport(): TransportFactory {
    const create = circuitRelayTransport({ maxInboundStopStreams: networkLimits.relayedToBoardMax })
    return (components) => {
      const transport = create(components)
      const raw = transport as unknown as RawTransport
      if (typeof raw.reservationStore?.addRelay !== 'function') throw new Error('libp2p changed: its places at relays')
      raw.components = new Proxy(raw.components, {
        get: (target, name): unknown => (name === 'transportManager' ? listensNowhereElse : Reflect.get(target, name)),
      })
      raw.reservationStore.addEventListener('relay:removed', (event) => {
        this.#onLost((event as CustomEvent<{ relay: PeerId }>).detail.relay.toString())
      })
      this.#transport = raw
      return transport
    }
  }

  /** Called with the relay of a place that is gone without `leave`. */
  onLost(listener: (relay: string) => void): void {
    this.#onLost = listener
  }

  /** Rejects when the relay refuses. It has to be connected. */
  async take(relay: string): Promise<void> {
    const taken = this.#last.then(async () => await this.#transport?.reservationStore.addRelay(peerIdFromString(relay), 'configured'))
    this.#last = taken.catch(() => undefined)
    await taken
  }

  /** After what is being taken there. The relay is not told: it forgets the place when it is not renewed. */
  leave(relay: string): void {
    const id = peerIdFromString(relay)
    this.#last = this.#last.then(() => {
      const { reservations } = this.#transport?.reservationStore ?? {}
      clearTimeout(reservations?.get(id)?.timeout)
      reservations?.delete(id)
    })
  }
}

/** Whoever is dialled through a relay at which it has no place would take one there. */
const listensNowhereElse = {
  listen: async (): Promise<void> => await Promise.reject(new Error('this board has no place at that relay')),
}
