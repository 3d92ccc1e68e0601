// The messages of the last heartbeats: what can still be asked for, and what others are told of. What has fallen out of it is lost for
// whoever has not got it: only anti-entropy brings it then.

import { gossipSettings } from './settings.ts'
import type { Message, MessageId, TopicName } from './rpc.ts'

export class MessageCache {
  readonly #messages = new Map<MessageId, Message>()
  /** The newest window first. */
  readonly #windows: Message[][] = Array.from({ length: gossipSettings.historyLength }, () => [])

  put(message: Message): void {
    if (this.#messages.has(message.id)) return
    this.#messages.set(message.id, message)
    this.#windows[0]!.push(message)
  }

  get(id: MessageId): Message | undefined {
    return this.#messages.get(id)
  }

  /** What others are told of. */
  news(topic: TopicName): MessageId[] {
    return this.#windows
      .slice(0, gossipSettings.historyGossip)
      .flatMap((window) => window.filter((message) => message.topic === topic).map(({ id }) => id))
  }

  /** A heartbeat has passed. */
  shift(): void {
    for (const { id } of this.#windows.pop() ?? []) this.#messages.delete(id)
    this.#windows.unshift([])
  }
}
