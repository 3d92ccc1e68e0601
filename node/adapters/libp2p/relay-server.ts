// This board as a relay for members that cannot be dialled: libp2p's, with bounds that libp2p has not. Its own would end a relayed connection after
// so many bytes, which no synchronisation survives; without them it passes on at any rate and keeps what the reader is too slow for in memory, without
// end. Here a board that sends too much is slowed down. (@libp2p/circuit-relay-v2 4.2.13, `handleConnect`.)

import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import type { Connection, Stream, StreamMessageEvent } from '@libp2p/interface'
import { Rates } from '../../core/rates.ts'
import { networkLimits } from './limits.ts'

type ServerFactory = ReturnType<typeof circuitRelayServer>

/** What is used of libp2p's stream of messages, and of its relay, beyond their interfaces. */
interface Wrapped {
  unwrap(): Stream
}
interface RawServer {
  handleConnect(input: { stream: Wrapped; request: unknown; connection: Connection }, options: unknown): Promise<void>
  stopHop(input: { connection: Connection }, options: unknown): Promise<Stream | undefined>
}

export function relayServer(): ServerFactory {
  const create = circuitRelayServer({
    hopTimeout: networkLimits.relayHopMs,
    maxInboundHopStreams: networkLimits.relayedFromBoardMax,
    maxOutboundStopStreams: networkLimits.relayedToBoardMax,
    reservations: {
      maxReservations: networkLimits.relayReservationsMax,
      reservationTtl: networkLimits.relayReservationMs,
      applyDefaultLimit: false,
    },
  })
  return (components) => {
    const service = create(components)
    slowDown(service as unknown as RawServer, new Flow())
    return service
  }
}

function slowDown(server: RawServer, flow: Flow): void {
  if (typeof server.handleConnect !== 'function' || typeof server.stopHop !== 'function') throw new Error('libp2p changed: its relay')
  const original = { handleConnect: server.handleConnect.bind(server), stopHop: server.stopHop.bind(server) }
  const handle = server.handleConnect
  server.handleConnect = async (input, options) => {
    const { connection, stream } = input
    let far: { readonly stream: Stream; readonly peer: string } | undefined
    // Each call has its own, since many are under way at a time.
    const call = Object.create(server) as RawServer
    call.stopHop = async (asked, opts) => {
      const opened = await original.stopHop(asked, opts)
      if (opened !== undefined) far = { stream: opened, peer: asked.connection.remotePeer.toString() }
      return opened
    }
    // The last thing before the two streams are joined.
    const unwrap = (): Stream => {
      const near = stream.unwrap()
      if (far !== undefined) flow.join({ stream: near, peer: connection.remotePeer.toString() }, far)
      return near
    }
    const watched = Object.create(stream, { unwrap: { value: unwrap } }) as Wrapped
    await handle.call(call, { ...input, stream: watched }, options)
  }
}

interface End {
  readonly stream: Stream
  readonly peer: string
}

/** What goes through this relay, by the board that sends it. */
export class Flow {
  readonly #ofBoard = new Rates(networkLimits.relayedBytesPerBoard)
  readonly #all = new Rates(networkLimits.relayedBytes)

  join(one: End, other: End): void {
    this.#watch(one, other)
    this.#watch(other, one)
  }

  #watch(from: End, to: End): void {
    let waiting = 0
    let owedOfBoard = 0
    let owedOfAll = 0
    let pause: NodeJS.Timeout | undefined
    const mayGoOn = (): boolean => {
      const now = performance.now()
      if (this.#ofBoard.take(from.peer, now, owedOfBoard)) owedOfBoard = 0
      if (this.#all.take('', now, owedOfAll)) owedOfAll = 0
      return owedOfBoard === 0 && owedOfAll === 0 && waiting < networkLimits.relayedWaitingBytesMax
    }
    const tryAgain = (): void => {
      // What was reset stays paused with all that nobody has read of it; to who has gone nothing is passed on that could be waited for.
      const isPaused = from.stream.readStatus === 'paused' && !isReset(from)
      if (isPaused && !isReset(to) && to.stream.status !== 'closed' && !mayGoOn()) return
      clearInterval(pause)
      pause = undefined
      if (isPaused) from.stream.resume()
    }
    const dispatch = from.stream.dispatchEvent.bind(from.stream)
    // Not a listener of its own: libp2p keeps what comes until there is one, and would give it to that alone.
    from.stream.dispatchEvent = (event: Event) => {
      if (event.type !== 'message') return dispatch(event)
      const { byteLength } = (event as StreamMessageEvent).data
      waiting += byteLength
      owedOfBoard += byteLength
      owedOfAll += byteLength
      const passed = dispatch(event)
      if (!mayGoOn() && pause === undefined && from.stream.readStatus === 'readable') {
        from.stream.pause()
        pause = setInterval(tryAgain, networkLimits.relayedPauseMs)
        pause.unref()
      }
      return passed
    }
    const send = to.stream.send.bind(to.stream)
    to.stream.send = (data) => {
      waiting -= data.byteLength
      return send(data)
    }
  }
}

function isReset({ stream }: End): boolean {
  return stream.status === 'aborted' || stream.status === 'reset'
}
