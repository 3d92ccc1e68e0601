// Faults that the harness makes on purpose, behind a switch that only tests throw: a checker that does not notice them is no checker.

import { decodeFrame } from '../node/core/wire.ts'

export const flaws = ['sync-frames-dropped', 'link-states-dropped', 'sync-ignored', 'boot-nonce-reused', 'stop-ignored'] as const

/**
 * sync-frames-dropped: no anti-entropy, gossip alone. link-states-dropped: no news of who is there. sync-ignored: the disk reports
 * writes as durable that a power cut undoes. boot-nonce-reused: every boot writes as the same actor. stop-ignored: drivers never stop
 * anything.
 */
export type Flaw = (typeof flaws)[number]

/** Which frames never arrive. */
export function swallowsOf(active: ReadonlySet<Flaw>): (frame: Uint8Array) => boolean {
  const kinds = new Set<string>()
  if (active.has('sync-frames-dropped')) kinds.add('sync')
  if (active.has('link-states-dropped')) kinds.add('link-states').add('links-have')
  if (kinds.size === 0) return () => false
  return (bytes) => {
    const frame = decodeFrame(bytes)
    return frame.ok && kinds.has(frame.value.kind)
  }
}
