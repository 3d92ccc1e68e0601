// Who really wrote what: every envelope and every link state that a board ever made itself, and every change that an operator signed.
// Whatever else a board has in its documents or its table is forged, and ought to have been refused.

import { decodeEnvelope } from '../../crdt/envelope.ts'
import { type DocId, type NodeId, nodeDocId } from '../../crdt/ids.ts'
import type { EnvelopeRef, Doc } from '../../crdt/doc.ts'
import type { Effect } from '../../node/core/effect.ts'
import type { LinkState } from '../../node/core/liveness/link-state.ts'
import type { State } from '../../node/core/state.ts'
import type { Board } from '../board.ts'
import { chaosCrypto } from './crypto.ts'
import type { Finding } from './invariants.ts'
import type { SeenStep } from './seen-step.ts'

export class Authors {
  /** Hashes of envelopes. */
  readonly #genuine = new Set<string>()
  readonly #said = new WeakSet<LinkState>()
  /** Author and sequence → bytes. */
  readonly #states = new Map<string, Uint8Array[]>()
  readonly #docs = new WeakMap<Board, Doc>()
  readonly #looked = new WeakMap<Board, Map<DocId, Doc>>()

  genuine(hash: string): void {
    this.#genuine.add(hash)
  }

  /** What the board has written of itself in this step. */
  wrote({ board, state, effects }: Pick<SeenStep, 'board' | 'state' | 'effects'>): void {
    const own = state.docs.get(nodeDocId(board.spec.id))
    const before = this.#docs.get(board)
    if (own !== undefined && before !== own) {
      this.#docs.set(board, own)
      // A last change of the epoch that it has left in this very step.
      if (before !== undefined && before.epoch !== own.epoch) for (const hash of writtenBy(board.spec.id, effects)) this.#genuine.add(hash)
      for (let at = own.envelopes.length - 1; at >= 0 && !this.#genuine.has(own.envelopes[at]!.hash); at--)
        this.#genuine.add(own.envelopes[at]!.hash)
    }
    const said = state.liveness.table.get(board.spec.id)?.state
    if (said !== undefined) this.said(said)
  }

  /** Signed with its author's key, be it so or not. */
  said(state: LinkState): void {
    if (this.#said.has(state)) return
    this.#said.add(state)
    const key = `${state.author} ${state.sequence}`
    this.#states.set(key, [...(this.#states.get(key) ?? []), state.bytes])
  }

  /** What of a changed document nobody wrote: at once, for its author may soon go on at another epoch. */
  taken({ board, state }: Pick<SeenStep, 'board' | 'state'>): Finding[] {
    const looked = this.#looked.get(board) ?? new Map<DocId, Doc>()
    this.#looked.set(board, looked)
    const found: Finding[] = []
    for (const [id, doc] of state.docs) {
      if (looked.get(id) === doc) continue
      looked.set(id, doc)
      const forged = doc.envelopes.find(({ hash }) => !this.#genuine.has(hash))
      if (forged !== undefined) found.push({ rule: 'only-genuine', what: `${board.spec.name} has taken ${wordsFor(id, forged)}` })
    }
    return found
  }

  /** What the board has that nobody wrote. */
  forgedAt(board: Board, state: State): string[] {
    const { name } = board.spec
    const forged: string[] = []
    for (const doc of state.docs.values())
      for (const ref of doc.envelopes) if (!this.#genuine.has(ref.hash)) forged.push(`${name} has taken ${wordsFor(doc.id, ref)}`)
    for (const [node, { state: link }] of state.liveness.table) {
      const known = this.#states.get(`${node} ${link.sequence}`) ?? []
      if (!known.some((bytes) => isSame(bytes, link.bytes)))
        forged.push(`${name} believes a link state ${link.sequence} of ${node} that it never said`)
    }
    return forged
  }
}

function writtenBy(author: NodeId, effects: readonly Effect[]): string[] {
  const values = effects.flatMap((effect) => (effect.kind === 'persist' ? effect.writes.map(({ value }) => value) : []))
  return values.flatMap((value) => {
    const read = value === null ? null : decodeEnvelope(chaosCrypto, value)
    return read?.ok === true && read.value.author === author ? [read.value.hash] : []
  })
}

function wordsFor(doc: DocId, ref: EnvelopeRef): string {
  return `a change of ${doc} by ${ref.author} that nobody made`
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i])
}
