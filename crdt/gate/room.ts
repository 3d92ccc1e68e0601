// Whether a document has room for a change. A node's document is full when it is full. An operators' document has many keys, and one of
// them may be stolen: no key fills more than its share, what is without a right counts no more against those that have one, and a
// revocation by one of the first admins finds room however full a thief has made the fleet document.

import type { Doc } from '../doc.ts'
import type { Envelope } from '../envelope.ts'
import { type Result, ok, refuse } from '../errors.ts'
import type { AuthorId } from '../ids.ts'
import { limits } from '../limits.ts'
import type { Scalar } from '../registers.ts'
import { historyOf } from '../replica-history.ts'
import type { FleetRights } from '../rights/fleet-rights.ts'
import type { GateCode } from './codes.ts'

/** The document as it would be. */
export interface After {
  readonly savedBytes: number
  /** Whose change each of the heads is. */
  readonly heads: readonly AuthorId[]
  readonly written: ReadonlyMap<string, Scalar>
  /** Changes that are new. */
  readonly fresh: number
}

interface Use {
  readonly heads: number
  readonly changes: number
  readonly bytes: number
}

type Whose = (author: AuthorId) => boolean

const anybody: Whose = () => true

export type RoomRights = Pick<FleetRights, 'now' | 'seniority'>

export function checkRoom(doc: Doc, envelope: Envelope, after: After, rights: RoomRights | undefined): Result<void, GateCode> {
  const all = useOf(doc, envelope, after, anybody)
  if (doc.kind === 'node') {
    if (all.heads > limits.nodeHeadsMax) return refuse('E_DEPS', `more than ${limits.nodeHeadsMax} concurrent heads`)
    return isBeyond(all, 1) || isLarge(doc, after, 1) ? full(doc) : ok(undefined)
  }
  const own = useOf(doc, envelope, after, (author) => author === envelope.author)
  const stands: Whose = (author) => rights?.now.has(author) === true
  const counted = stands(envelope.author) ? useOf(doc, envelope, after, stands) : all
  const heads = doc.kind === 'fleet' ? ok(undefined) : checkHeadRoom(envelope.author, own, counted, all)
  if (!heads.ok) return heads
  const isUrgent = isBareRevocation(doc, after.written, envelope.author, rights)
  if (!isUrgent && isBeyondShare(doc, own)) return refuse('E_SIZE', `${envelope.author} has filled its share of ${doc.id}`)
  const hasVoid = [...doc.clock.values()].some(({ author }) => !stands(author))
  // Above what those with a right can fill: a thief has one until it is revoked, and may make something void itself to have their room.
  const slack = isUrgent ? 3 : hasVoid && stands(envelope.author) ? 2 : 1
  return isBeyond(all, slack) || (!isUrgent && isBeyond(counted, 1)) || isLarge(doc, after, slack) ? full(doc) : ok(undefined)
}

/** The next change of a job's or an ops document names all heads. One of the fleet document names those that count (`rights/basis.ts`). */
function checkHeadRoom(author: AuthorId, own: Use, counted: Use, all: Use): Result<void, GateCode> {
  if (own.heads > limits.keyHeadsMax) return refuse('E_DEPS', `more than ${limits.keyHeadsMax} concurrent heads of ${author}`)
  if (counted.heads <= limits.headsMax && all.heads <= limits.headsMax + limits.headsReserve) return ok(undefined)
  return refuse('E_DEPS', `more than ${limits.headsMax} concurrent heads`)
}

function isBeyondShare({ kind }: Doc, own: Use): boolean {
  if (kind !== 'fleet') return isBeyond(own, 1 / 2)
  return own.changes > limits.fleetKeyChangesMax || own.bytes > limits.fleetKeyBytesMax
}

function full({ kind }: Doc): Result<never, GateCode> {
  const wayOut = kind === 'fleet' ? 'admins can still revoke keys in it' : 'compact it first'
  return refuse('E_SIZE', `the document would grow beyond its limits; ${wayOut}`)
}

function useOf(doc: Doc, { author, bytes: { length } }: Envelope, { heads, fresh }: After, whose: Whose): Use {
  const isCounted = whose(author)
  let changes = isCounted ? fresh : 0
  // Of a node's document its record says how many there are.
  if (whose === anybody) changes += doc.changeCount
  else for (const clock of doc.clock.values()) if (whose(clock.author)) changes += clock.seq
  let bytes = isCounted ? length : 0
  for (const ref of doc.envelopes) if (whose(ref.author)) bytes += ref.bytes
  return { heads: heads.filter(whose).length, changes, bytes }
}

function isBeyond({ changes, bytes }: Use, share: number): boolean {
  return changes > limits.docChangesMax * share || bytes > limits.docEnvelopesBytesMax * share
}

function isLarge(doc: Doc, { savedBytes, written }: After, slack: number): boolean {
  let added = 0
  for (const path of written.keys()) if (!doc.registers.has(path)) added++
  return savedBytes > limits.docBytesMax * slack || doc.registers.size + added > limits.docRegistersMax * slack
}

/** A few of the first admins have room of their own for revocations and nothing else; keys that a thief makes admins come after them. */
function isBareRevocation(doc: Doc, written: After['written'], author: AuthorId, rights: RoomRights | undefined): boolean {
  const rank = rights?.seniority.get(author) ?? Number.MAX_SAFE_INTEGER
  if (doc.kind !== 'fleet' || rank >= limits.revokersMax || !isBare(written)) return false
  return historyOf(doc).filter((entry) => entry.author === author && isBare(entry.writes)).length < limits.bareRevocationsMax
}

function isBare(writes: ReadonlyMap<string, Scalar>): boolean {
  return writes.size <= limits.bareRevocationKeysMax && [...writes.keys()].every((path) => path.startsWith('revoked/'))
}
