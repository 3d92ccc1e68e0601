// A tap on one raw connection, below encryption: counts its bytes, and can hold it still as a silently cut cable would. While
// held, nothing that this side sends leaves and nothing that arrives is read; the socket stays open, so the other side sees no
// close, and closing it here is kept from the wire until the cut ends. What was buffered flows again afterwards, as TCP would.
// It replaces methods on libp2p's connection object: `isTappable` says whether they are still there.

import type { MultiaddrConnection } from '@libp2p/interface'
import { networkLimits } from './limits.ts'

/** The part of libp2p's AbstractMultiaddrConnection that does the work. */
interface RawConnection extends MultiaddrConnection {
  readonly readStatus: string
  sendData(data: { byteLength: number }): { sentBytes: number; canSendMore: boolean }
  onData(data: { byteLength: number }): void
  sendReset(error: Error): void
  sendClose(options?: object): Promise<void>
  sendPause(): void
  sendResume(): void
}

export interface Traffic {
  bytesSent: number
  bytesReceived: number
}

export function isTappable(connection: MultiaddrConnection): connection is RawConnection {
  const methods = ['sendData', 'onData', 'sendReset', 'sendClose', 'sendPause', 'sendResume'] as const
  return methods.every((name) => typeof (connection as Partial<RawConnection>)[name] === 'function')
}

export class Tap {
  /** Known once Noise has authenticated the other side. */
  peer: string | undefined
  readonly #connection: RawConnection
  readonly #original: Pick<RawConnection, 'sendData' | 'onData' | 'sendReset' | 'sendClose' | 'sendPause' | 'sendResume'>
  #held = false
  /** What libp2p did to the connection meanwhile, and the wire has not seen. */
  #owed: 'nothing' | 'pause' | 'reset' = 'nothing'

  constructor(connection: RawConnection, traffic: Traffic, counted: boolean) {
    this.#connection = connection
    const original = {
      sendData: connection.sendData.bind(connection),
      onData: connection.onData.bind(connection),
      sendReset: connection.sendReset.bind(connection),
      sendClose: connection.sendClose.bind(connection),
      sendPause: connection.sendPause.bind(connection),
      sendResume: connection.sendResume.bind(connection),
    }
    this.#original = original
    connection.sendData = (data) => {
      if (this.#held) return { sentBytes: 0, canSendMore: false }
      const result = original.sendData(data)
      if (counted) traffic.bytesSent += result.sentBytes
      return result
    }
    connection.onData = (data) => {
      if (counted) traffic.bytesReceived += data.byteLength
      original.onData(data)
    }
    connection.sendReset = (error) => (this.#held ? this.#owe('reset') : original.sendReset(error))
    connection.sendClose = async (options) => (this.#held ? this.#owe('reset') : await original.sendClose(options))
    connection.sendPause = () => (this.#held ? this.#owe('pause') : original.sendPause())
    connection.sendResume = () => (this.#held ? this.#owe('nothing') : original.sendResume())
  }

  get held(): boolean {
    return this.#held
  }

  hold(): void {
    if (this.#held || this.#connection.status !== 'open') return
    this.#held = true
    this.#owed = this.#connection.readStatus === 'paused' ? 'pause' : 'nothing'
    this.#connection.maxWriteBufferLength = networkLimits.cutBufferBytesMax
    this.#original.sendPause()
  }

  release(): void {
    if (!this.#held) return
    this.#held = false
    this.#connection.maxWriteBufferLength = Infinity
    if (this.#owed === 'reset') return this.#original.sendReset(new Error('closed during a cut'))
    if (this.#owed === 'nothing') this.#original.sendResume()
    this.#connection.dispatchEvent(new Event('drain'))
  }

  #owe(what: 'nothing' | 'pause' | 'reset'): void {
    if (this.#owed !== 'reset') this.#owed = what
  }
}
