// fuzz: 100,000 mutated envelopes against the gate and as many mutated frames against the decoder. Prints the longest single call and
// the slope of the process' memory; a throw or an accepted document that cannot be saved and loaded ends it with an error.

import type { BenchOptions } from './main.ts'
import { admit } from '../crdt/gate.ts'
import { createKeptHandles } from '../crdt/kept-handles.ts'
import { decodeDoc, encodeDoc } from '../crdt/replica.ts'
import { coreLimits } from '../node/core/limits.ts'
import { decodeFrame, encodeFrame } from '../node/core/wire.ts'
import { testCrypto } from '../test/support/crypto.ts'
import { mutations, samples, testAuthority } from '../test/support/envelopes.ts'
import { percentile, rounded } from './lib/stats.ts'

export async function run({ runs, quick }: BenchOptions): Promise<object> {
  const count = runs ?? (quick ? 3_000 : 100_000)
  const crypto = testCrypto()
  const from = samples(7, 40)
  const kept = createKeptHandles({ countMax: coreLimits.keptHandlesMax, bytesMax: coreLimits.keptHandleBytesMax })
  const times: number[] = []
  const memory: [number, number][] = []
  const codes: Record<string, number> = {}
  let frameLongest = 0
  let done = 0
  for (const mutation of mutations(11, from)) {
    const started = performance.now()
    const result = admit(crypto, mutation.doc, mutation.bytes, testAuthority, kept)
    const took = performance.now() - started
    times.push(took)
    codes[result.ok ? result.value.kind : result.code] = (codes[result.ok ? result.value.kind : result.code] ?? 0) + 1
    if (result.ok && result.value.kind === 'applied' && !decodeDoc(crypto, encodeDoc(result.value.doc)).ok)
      throw new Error(`mutation ${done}: an accepted document cannot be loaded again`)
    const frame = mutated(encodeFrame({ kind: 'envelopes', envelopes: [mutation.bytes] }), done)
    const before = performance.now()
    decodeFrame(frame)
    frameLongest = Math.max(frameLongest, performance.now() - before)
    done += 1
    if (done % Math.max(1, Math.trunc(count / 20)) === 0) {
      globalThis.gc?.()
      memory.push([done, process.memoryUsage.rss()])
    }
    if (done >= count) break
  }
  // The first calls compile code and grow wasm memory once; what repeats is what matters.
  const settled = times.slice(Math.trunc(times.length / 10))
  return {
    mutations: done,
    longest_step_ms: rounded(percentile(settled, 1), 2),
    p99_step_ms: rounded(percentile(settled, 0.99), 2),
    first_calls_longest_ms: rounded(percentile(times, 1), 2),
    frame_longest_ms: rounded(frameLongest, 2),
    memory_bytes_per_1000: rounded(slope(memory.slice(5)) * 1000),
    codes,
  }
}

/** One to four bytes of the frame changed, by a generator that the count seeds. */
function mutated(frame: Uint8Array, seed: number): Uint8Array {
  let state = (seed * 2_654_435_761 + 1) >>> 0
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return (state >>> 8) % below
  }
  const copy = frame.slice(0, next(10) === 0 ? next(frame.length) + 1 : frame.length)
  for (let left = 1 + next(4); left > 0; left--) copy[next(copy.length)] = next(256)
  return copy
}

/** Least squares: bytes for each mutation. */
function slope(points: readonly (readonly [number, number])[]): number {
  const n = points.length
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}
