// The real world for commands: this process's terminal, environment, clock and randomness, and real connections.

import { randomBytes } from 'node:crypto'
import { addAbortSignal } from 'node:stream'
import { createCrypto } from '../node/adapters/keys.ts'
import { connect } from './connect.ts'
import { interrupted } from './errors.ts'
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
    readStdin: async () => await readStdin(signal),
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

async function readStdin(signal: AbortSignal): Promise<string> {
  const parts: Buffer[] = []
  try {
    for await (const part of addAbortSignal(signal, process.stdin)) parts.push(part as Buffer)
  } catch (error) {
    throw signal.aborted ? interrupted() : error
  }
  return Buffer.concat(parts).toString('utf8')
}
