// What gossip routers tell one another.

import type { NodeId } from '../../crdt/ids.ts'

/** Two boards of different pools have different pool topics. */
export type TopicName = string
/** Follows from topic and content: the same bytes said twice are one message. Small, for there is a bit for each in `seen.ts`. */
export type MessageId = number

export interface Message {
  readonly id: MessageId
  readonly topic: TopicName
  readonly data: Uint8Array
  /** When these bytes were first said, ms. */
  readonly saidAt: number
  /** The how manieth broadcast of the whole world it is. */
  readonly count: number
}

export interface Rpc {
  readonly messages: readonly Message[]
  readonly ihave: readonly MessageId[]
  readonly iwant: readonly MessageId[]
  readonly idontwant: readonly MessageId[]
  readonly graft: readonly TopicName[]
  readonly prune: readonly TopicName[]
}

const nothing: Rpc = { messages: [], ihave: [], iwant: [], idontwant: [], graft: [], prune: [] }

export function rpc(parts: Partial<Rpc>): Rpc {
  return { ...nothing, ...parts }
}

/** On the wire a topic's name is about as long as the fleet's id, an id 20 bytes, and each of them has a head. */
const topicBytes = 80
const idBytes = 22

export function rpcBytes({ messages, ihave, iwant, idontwant, graft, prune }: Rpc): number {
  const named = messages.length + graft.length + prune.length + Number(ihave.length > 0)
  const ids = ihave.length + iwant.length + idontwant.length
  let bytes = named * topicBytes + ids * idBytes
  for (const { data } of messages) bytes += data.length
  return bytes
}

/** Numbers messages in the order in which they were first said. */
export class MessageNumbers {
  readonly #numbers = new Map<number, MessageId>()
  readonly #saidAt: number[] = []

  of(topic: TopicName, data: Uint8Array, now: number): Pick<Message, 'id' | 'saidAt'> {
    const mark = markOf(topic, data)
    const known = this.#numbers.get(mark)
    if (known !== undefined) return { id: known, saidAt: this.#saidAt[known]! }
    const id = this.#saidAt.push(now) - 1
    this.#numbers.set(mark, id)
    return { id, saidAt: now }
  }
}

/** 52 bits of two FNV hashes: cheap, and beyond chance for the messages of a run. */
function markOf(topic: TopicName, data: Uint8Array): number {
  let high = 0x811c9dc5
  let low = 0x01000193
  const take = (byte: number): void => {
    high = Math.imul(high ^ byte, 0x01000193)
    low = Math.imul(low ^ byte, 0x5bd1e995) ^ (low >>> 15)
  }
  for (let i = 0; i < topic.length; i++) take(topic.charCodeAt(i))
  for (const byte of data) take(byte)
  return (high >>> 6) * 0x4000000 + (low >>> 6)
}

/** What a router needs of the world. */
export interface RouterPorts {
  now(): number
  send(to: NodeId, rpc: Rpc): void
  /** To the board's core. */
  deliver(from: NodeId, message: Message): void
}
