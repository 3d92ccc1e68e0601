// The real world for commands: this process's terminal, environment, clock and randomness, and real connections.

import { randomBytes } from 'node:crypto'
import { addAbortSignal } from 'node:stream'
import { createCrypto } from '../node/adapters/keys.ts'
import { connect } from './peers/connect.ts'
import type { Io, Out } from './io.ts'

export function processIo(signal: AbortSignal): Io {
  return {
    env: process.env,
    stdout: outOf(process.stdout),
    stderr: outOf(process.stderr),
    crypto: createCrypto(),
    signal,
    now: Date.now,
    random: (bytes) => new Uint8Array(randomBytes(bytes)),
    stdin: () => addAbortSignal(signal, process.stdin),
    connect,
  }
}

function outOf(stream: NodeJS.WriteStream): Out {
  return {
    write: (data) => void stream.write(data),
    get isTty() {
      return stream.isTTY === true
    },
    get columns() {
      return stream.columns ?? 120
    },
  }
}
