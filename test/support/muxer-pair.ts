// Two of the product's muxers on one wire, in this process.

import { setImmediate as turn } from 'node:timers/promises'
import type { MultiaddrConnection, StreamMuxer } from '@libp2p/interface'
import { guardedYamux } from '../../node/adapters/libp2p/guarded-yamux.ts'

export interface MuxerEnd {
  readonly muxer: StreamMuxer
  /** Packets that this end sent. */
  readonly packets: Uint8Array[]
}

/** Two muxers on one wire that delivers what is sent in a later turn. */
export function muxerPair(): readonly [MuxerEnd, MuxerEnd] {
  const wires = [wire('outbound'), wire('inbound')] as const
  const ends = wires.map((own, index): MuxerEnd => {
    const packets: Uint8Array[] = []
    own.send = (data) => {
      const packet = data.subarray()
      packets.push(packet)
      setImmediate(() => wires[1 - index]!.dispatchEvent(Object.assign(new Event('message'), { data: packet })))
      return true
    }
    const create = guardedYamux({ enableKeepAlive: false })()
    return { muxer: create.createStreamMuxer(own as unknown as MultiaddrConnection), packets }
  })
  return [ends[0]!, ends[1]!]
}

interface Wire extends EventTarget {
  send(data: { subarray(): Uint8Array }): boolean
}

function wire(direction: 'inbound' | 'outbound'): Wire {
  const quiet: object = Object.assign(() => {}, { trace: () => {}, error: () => {}, newScope: () => quiet })
  return Object.assign(new EventTarget(), { direction, status: 'open', log: quiet, send: () => true })
}

/** Until what was sent has been answered. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn()
}
