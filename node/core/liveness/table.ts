// The table of link states: the newest signed statement of every member. Its merge is commutative, associative and idempotent
// (`replaces` is a total order per author), so gossip, anti-entropy and relays may bring statements in any order and any number
// of times. A statement of somebody who is no member (yet) waits in a bounded room.

import { type NodeId, compareText, hex, keyOfPeerId } from '../../../crdt/ids.ts'
import { type LinkState, isSame, replaces } from './link-state.ts'
import type { LivenessState, RefusalReason } from './state.ts'

export type Verdict =
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  /** Known already, word for word. */
  | { readonly kind: 'known' }
  /** The author's statement is older than the one here: whoever sent it may want `newer`. */
  | { readonly kind: 'stale'; readonly state: LinkState; readonly newer: LinkState }
  /** The own node said this in an earlier boot, or another board has the same key. */
  | { readonly kind: 'own'; readonly state: LinkState }
  | { readonly kind: 'new'; readonly state: LinkState; readonly before: LinkState | undefined }

/** Judges a stranger's bytes and takes them into the table when they are newer. */
export function takeBytes(s: LivenessState, bytes: Uint8Array): Verdict {
  const verdict = judge(s, bytes)
  if (verdict.kind === 'new') put(s, verdict.state)
  if (verdict.kind === 'refused') s.refused[verdict.reason]++
  if (verdict.kind === 'stale') s.refused.stale++
  return verdict
}

function judge(s: LivenessState, bytes: Uint8Array): Verdict {
  const decoded = s.reader.decode(bytes)
  if (!decoded.ok) return { kind: 'refused', reason: 'malformed' }
  const state = decoded.value
  const known = s.table.get(state.author)?.state
  if (known !== undefined) {
    if (isSame(known, state)) return { kind: 'known' }
    const isOld = state.author === s.self ? state.sequence < known.sequence : !replaces(state, known)
    if (isOld) return { kind: 'stale', state, newer: known }
  }
  const isMember = state.author === s.self || s.members.has(state.author)
  if (!isMember && !replaces(state, s.waiting.get(state.author))) return { kind: 'refused', reason: 'stranger' }
  if (!s.reader.isGenuine(state, () => keyOf(s, state.author, isMember))) return { kind: 'refused', reason: 'forged' }
  if (state.author === s.self) return { kind: 'own', state }
  if (!isMember) {
    wait(s, state)
    return { kind: 'refused', reason: 'stranger' }
  }
  return { kind: 'new', state, before: known }
}

/** Members' keys are kept: unpacking one costs about as much as checking a signature. */
function keyOf(s: LivenessState, node: NodeId, isMember: boolean): Uint8Array | null {
  const known = s.keys.get(node)
  if (known !== undefined) return known
  const key = keyOfPeerId(node)
  if (isMember && key !== null) s.keys.set(node, key)
  return key
}

/** A joining board's link state may arrive before its document does: the newest statements of strangers are kept for a while. */
function wait(s: LivenessState, state: LinkState): void {
  s.waiting.delete(state.author)
  s.waiting.set(state.author, state)
  if (s.waiting.size <= s.limits.waitingCountMax) return
  const oldest = s.waiting.keys().next()
  if (!oldest.done) s.waiting.delete(oldest.value)
}

export function put(s: LivenessState, state: LinkState): void {
  remove(s, state.author)
  const mark = s.reader.markOf(state)
  s.table.set(state.author, { state, mark })
  mix(s, mark)
}

export function remove(s: LivenessState, node: NodeId): void {
  const entry = s.table.get(node)
  if (entry === undefined) return
  s.table.delete(node)
  mix(s, entry.mark)
}

function mix(s: LivenessState, mark: readonly [number, number]): void {
  s.tableMark[0] = (s.tableMark[0] ^ mark[0]) >>> 0
  s.tableMark[1] = (s.tableMark[1] ^ mark[1]) >>> 0
}

/** 16 hex digits; equal tables have equal digests. */
export function digestOfTable(s: LivenessState): string {
  const bytes = new Uint8Array(8)
  for (let i = 0; i < 8; i++) bytes[i] = (s.tableMark[i < 4 ? 0 : 1] >>> (24 - 8 * (i % 4))) & 0xff
  return hex(bytes)
}

export function sequences(s: LivenessState): readonly (readonly [NodeId, number])[] {
  return nodesInOrder(s).map((node) => [node, s.table.get(node)!.state.sequence] as const)
}

/** What the other, who has these sequences, lacks. */
export function newerThan(s: LivenessState, theirs: readonly (readonly [NodeId, number])[]): readonly Uint8Array[] {
  const has = new Map(theirs)
  const states: Uint8Array[] = []
  for (const node of nodesInOrder(s)) {
    const { state } = s.table.get(node)!
    if (state.sequence > (has.get(node) ?? -1)) states.push(state.bytes)
  }
  return states
}

function nodesInOrder(s: LivenessState): NodeId[] {
  return [...s.table.keys()].sort(compareText)
}
