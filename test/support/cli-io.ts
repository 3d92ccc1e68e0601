// An `Io` for tests of commands: output is collected, the clock stands still, randomness counts, the config dir is a fresh folder,
// and every connection goes to the peer that the test hands in.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'

import type { ApiClient, ConnectOptions, Io, Out } from '../../cli/io.ts'
import { run } from '../../cli/run.ts'
import { testCrypto } from './crypto.ts'

export interface TestOut extends Out {
  text(): string
}

export interface CliRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

export interface TestCli {
  readonly dir: string
  /** Runs one command line. */
  run(argv: readonly string[], options?: RunOptions): Promise<CliRun>
  close(): Promise<void>
}

export interface RunOptions {
  readonly isTty?: boolean
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly signal?: AbortSignal
  /** Wall-clock ms in place of `testNow`. */
  readonly now?: number
}

export function testOut(isTty = false, columns = 200): TestOut {
  let text = ''
  return {
    write: (data) => {
      text += typeof data === 'string' ? data : Buffer.from(data).toString('utf8')
    },
    isTty,
    columns,
    text: () => text,
  }
}

/** 2026-01-02T03:04:05Z */
export const testNow = Date.UTC(2026, 0, 2, 3, 4, 5)

export async function testCli(connect: (options: ConnectOptions) => Promise<ApiClient> = unreachable): Promise<TestCli> {
  const dir = await mkdtemp(join(tmpdir(), 'shoal-cli-'))
  let count = 0
  const random = (bytes: number): Uint8Array => {
    count++
    return Uint8Array.from({ length: bytes }, (_, i) => (count * 31 + i) & 0xff)
  }
  return {
    dir,
    run: async (argv, options = {}) => {
      const stdout = testOut(options.isTty)
      const stderr = testOut(options.isTty)
      const io: Io = {
        env: { SHOAL_CONFIG_DIR: dir, ...options.env },
        stdout,
        stderr,
        crypto: testCrypto(),
        signal: options.signal ?? new AbortController().signal,
        now: () => options.now ?? testNow,
        random,
        stdin: () => Readable.from([Buffer.from(options.stdin ?? '')]),
        connect,
      }
      const exitCode = await run(argv, io)
      return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
    },
    close: async () => await rm(dir, { recursive: true, force: true }),
  }
}

async function unreachable(): Promise<ApiClient> {
  throw new Error('this test talks to no peer')
}
