// The outermost layer of a connection: libp2p's private networks (pnet, `/key/swarm/psk/1.0.0/`), byte for byte, but with several keys at a
// time. Each end sends a nonce and from then on XORs what it sends with XSalsa20 of it and the key. It keeps strangers out of the handshake;
// who the other end is, Noise proves inside.

import type { AbortOptions, ConnectionProtector, MultiaddrConnection } from '@libp2p/interface'
import { type AbstractMessageStream, AbstractMultiaddrConnection, byteStream } from '@libp2p/utils'
import { type KeyRing, nonceBytes } from './key-ring.ts'
import { xsalsa20Stream } from './xsalsa20.ts'

/** `met`: the nonce of the other end, once for each connection. */
export function protector(ring: KeyRing, met: (nonce: Uint8Array) => void = () => undefined): () => ConnectionProtector {
  const protect = async (connection: MultiaddrConnection, options: AbortOptions = {}): Promise<MultiaddrConnection> => {
    const bytes = byteStream(connection)
    const localNonce = ring.nonce()
    const [read] = await Promise.all([bytes.read({ bytes: nonceBytes, ...options }), bytes.write(localNonce, options)])
    const remoteNonce = read.subarray()
    met(remoteNonce)
    return new ProtectedConnection(bytes.unwrap(), { localNonce, remoteNonce, key: ring.keyFor(remoteNonce) })
  }
  // Only connections are ever given to it, though its type says streams.
  return () => ({ protect: async (stream, options) => await protect(stream as MultiaddrConnection, options) })
}

interface Handshake {
  readonly localNonce: Uint8Array
  readonly remoteNonce: Uint8Array
  readonly key: Uint8Array
}

class ProtectedConnection extends AbstractMultiaddrConnection {
  readonly #inner: MultiaddrConnection
  readonly #encrypt: (bytes: Uint8Array) => Uint8Array

  constructor(inner: MultiaddrConnection, { localNonce, remoteNonce, key }: Handshake) {
    super({ remoteAddr: inner.remoteAddr, direction: inner.direction, log: inner.log.newScope('pnet') })
    const decrypt = xsalsa20Stream(remoteNonce, key)
    this.#inner = inner
    this.#encrypt = xsalsa20Stream(localNonce, key)
    inner.addEventListener('message', ({ data }) => {
      try {
        for (const chunk of data instanceof Uint8Array ? [data] : data) this.onData(decrypt(chunk))
      } catch (error) {
        // The key stream has an end, after 256 GiB: this connection's, and not the process's.
        this.abort(error as Error)
      }
    })
    inner.addEventListener('drain', () => this.onMuxerDrain())
    inner.addEventListener('close', ({ error, local }) => {
      if (error === undefined) this.onTransportClosed()
      else if (local === true) this.abort(error)
      else this.onRemoteReset()
    })
  }

  async sendClose(options?: AbortOptions): Promise<void> {
    await this.#inner.close(options)
  }

  sendData(data: Parameters<AbstractMessageStream['sendData']>[0]): ReturnType<AbstractMessageStream['sendData']> {
    return { sentBytes: data.byteLength, canSendMore: this.#inner.send(this.#encrypt(data.subarray())) }
  }

  sendReset(error: Error): void {
    this.#inner.abort(error)
  }

  sendPause(): void {
    this.#inner.pause()
  }

  sendResume(): void {
    this.#inner.resume()
  }
}
