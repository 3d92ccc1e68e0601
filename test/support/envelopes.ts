// Envelopes for tests: authors that follow from a number, forged envelopes with any field wrong (but signed), and a seeded stream
// of valid ones mutated in three ways. The fuzz test takes some thousands of the stream, the fuzz benchmark a hundred thousand.

import * as Automerge from '@automerge/automerge'

import { readChangeHead } from '../../crdt/change-head.ts'
import { Writer } from '../../crdt/codec.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type Author, type Envelope } from '../../crdt/envelope.ts'
import { assert } from '../../crdt/errors.ts'
import { type Authority, admit } from '../../crdt/gate.ts'
import { genesisActor, registersObject } from '../../crdt/genesis.ts'
import { type AuthorId, type FleetId, type JobId, type PoolName, jobDocId, nodeDocId, opsDocId, unhex } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import { type Grant, grantOfRole } from '../../crdt/rights/grant.ts'
import type { Role } from '../../crdt/view.ts'
import { type TestSigner, testCrypto, testSigner } from './crypto.ts'

const crypto = testCrypto()

export const testFleet = 'fe'.repeat(32) as FleetId
export const testPool = 'site-1' as PoolName
export const jobDoc = jobDocId('default/web' as JobId)

/** Keys 1 to 9 are operators (1 is an admin, 9 a viewer), 10 and up are nodes. */
export function roleOfSeed(seed: number): Role | undefined {
  return seed === 1 ? 'admin' : seed < 9 ? 'operator' : seed === 9 ? 'viewer' : undefined
}

const grants = new Map<AuthorId, Grant>()
for (let seed = 1; seed <= 9; seed++) grants.set(testSigner(seed).id, grantOfRole(roleOfSeed(seed)!))

export const testAuthority: Authority = { fleet: testFleet, rights: rightsOf(grants) }

/** Of keys that nobody has revoked, in the order in which they became admins. */
export function rightsOf(granted: ReadonlyMap<AuthorId, Grant>): NonNullable<Authority['rights']> {
  const admins = [...granted].filter(([, { role }]) => role === 'admin')
  return { kept: new Set(), ever: granted, now: granted, revoked: new Set(), seniority: new Map(admins.map(([id], index) => [id, index])) }
}

export function nonceOf(boot: number): Uint8Array {
  return crypto.sha256(new Uint8Array([boot & 0xff, (boot >> 8) & 0xff])).slice(0, 16)
}

export function testAuthor(seed: number, boot: number = 1, fleet: FleetId | '' = testFleet): Author {
  const { id, signer } = testSigner(seed)
  return { id, signer, nonce: nonceOf(boot), fleet }
}

/** The document with the envelope in it; a refusal fails the test. */
export function admitted(doc: Doc | undefined, bytes: Uint8Array, authority: Authority = testAuthority): Doc {
  const result = admit(crypto, doc, bytes, authority)
  assert(result.ok, result.ok ? '' : `${result.code}: ${result.message}`)
  return result.value.doc
}

export interface Forgery {
  readonly fleet?: string
  readonly pool?: string
  readonly doc?: string
  readonly epoch?: number
  readonly base?: number
  readonly firstSeq?: number
  readonly changes?: readonly Uint8Array[]
  /** Whose key the envelope names; it signs as well unless `signedBy` says otherwise. */
  readonly by?: TestSigner
  readonly signedBy?: TestSigner
  readonly nonce?: Uint8Array
}

/** The envelope with these fields instead, signed anew, without any of the checks that honest authors make. */
export function forge(envelope: Envelope, by: TestSigner, forgery: Forgery): Uint8Array {
  const { fleet, pool, doc, epoch, base, firstSeq, changes, nonce } = { ...envelope, ...forgery }
  const named = forgery.by ?? by
  const head = new Writer()
    .raw(new Uint8Array([0x73, 0x68, 0x45, 1]))
    .bytes(unhex(fleet))
    .text(pool)
    .text(doc)
  head.varint(epoch).varint(base).raw(named.signer.publicKey).raw(nonce).varint(firstSeq).varint(changes.length)
  for (const change of changes) head.bytes(change)
  const signed = head.finish()
  return new Writer()
    .raw(signed)
    .raw((forgery.signedBy ?? named).signer.sign(signed))
    .finish()
}

/** Automerge's own checksum over what the change now says. */
export function repairChecksum(change: Uint8Array): Uint8Array {
  const repaired = change.slice()
  if (repaired.length > 8) repaired.set(crypto.sha256(repaired.subarray(8)).subarray(0, 4), 4)
  return repaired
}

export interface LooseOp {
  action?: string
  obj?: string
  key?: string
  value?: unknown
  datatype?: string
  pred?: string[]
  [other: string]: unknown
}

export interface LooseChange {
  actor: string
  seq: number
  startOp: number
  time: number
  message: string | null
  deps: string[]
  ops: LooseOp[]
  [other: string]: unknown
}

export function looseDecode(change: Uint8Array): LooseChange {
  return Automerge.decodeChange(change)
}

export function looseEncode(change: LooseChange): Uint8Array {
  const { hash: _, ...rest } = change
  return Automerge.encodeChange(rest as unknown as Parameters<typeof Automerge.encodeChange>[0])
}

/** What Automerge itself says about saved bytes: the registers, or an exception. */
export function openStrictly(saved: Uint8Array): { heads: string[]; registers: Record<string, unknown> } {
  const opened = Automerge.load<{ registers: Record<string, unknown> }>(saved)
  const registers = Automerge.toJS(opened).registers
  const heads = Automerge.getHeads(opened).toSorted()
  Automerge.free(opened)
  return { heads, registers }
}

export type Random = (below: number) => number

/** mulberry32: whole numbers from 0 to below `below`. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** A valid envelope, the document that it is meant for, and the key that may sign for it. */
export interface Sample {
  readonly doc: Doc | undefined
  readonly envelope: Envelope
  readonly by: TestSigner
}

function writes(random: Random, count: number): Map<string, Scalar> {
  const values: Scalar[] = ['text', 'grün', '', 0, 1, -7, 4096, true, false, null, 'y'.repeat(40)]
  const found = new Map<string, Scalar>()
  while (found.size < count) {
    found.set(`x/${'abcdefgh'[random(8)] ?? 'a'}/${random(20)}`, values[random(values.length)] ?? null)
  }
  return found
}

/** Samples from random histories: single-writer documents over several boots, and documents of several concurrent operators. */
export function samples(seed: number, histories: number): Sample[] {
  const random = randomFrom(seed)
  const found: Sample[] = []
  for (let history = 0; history < histories; history++) {
    const node = testSigner(10 + (history % 3)).node
    const id = [nodeDocId(node), jobDoc, opsDocId(node)][history % 3] ?? jobDoc
    const seeds = id.startsWith('node/') ? [10 + (history % 3)] : [1, 2, 3]
    const epoch = 1 + (history % 2)
    let replicas = seeds.map(() => emptyDoc(crypto, id, testPool, epoch, 0))
    for (let round = 0; round < 6; round++) {
      const who = random(seeds.length)
      const seedOf = seeds[who] ?? 1
      const before = replicas[who]
      assert(before !== undefined, 'a replica for every author')
      const edited = editDoc(crypto, before, testAuthor(seedOf, 1 + random(2)), writes(random, 1 + random(6)), random(1_000))
      for (const envelope of edited.envelopes) {
        found.push({ doc: before.changeCount === 0 ? undefined : before, envelope, by: testSigner(seedOf) })
      }
      replicas = replicas.map((replica, index) => (index === who ? edited.doc : replica))
      if (random(2) === 0) replicas = exchange(replicas, found)
    }
  }
  return found
}

function exchange(replicas: readonly Doc[], known: readonly Sample[]): Doc[] {
  const bytes = new Map(known.map(({ envelope }) => [envelope.hash, envelope.bytes]))
  return replicas.map((replica) => {
    let merged = replica
    for (const other of replicas) {
      for (const ref of other.envelopes) merged = admitted(merged, bytes.get(ref.hash) ?? new Uint8Array(0))
    }
    return merged
  })
}

function damage(random: Random, bytes: Uint8Array): Uint8Array {
  const list = [...bytes]
  for (let times = 1 + random(3); times > 0; times--) {
    const at = random(list.length + 1)
    const kind = random(6)
    if (kind === 0) list[at] = (list[at] ?? 0) ^ (1 << random(8))
    else if (kind === 1) list[at] = random(256)
    else if (kind === 2) list.splice(at, 0, random(256))
    else if (kind === 3) list.splice(at, 1 + random(4))
    else if (kind === 4) list[at] = [0, 1, 0x7f, 0x80, 0xff][random(5)] ?? 0
    else list.splice(at, 0, ...list.slice(at, at + random(16)))
  }
  return Uint8Array.from(list)
}

/** One lie in an otherwise well-made change. */
function lie(random: Random, change: LooseChange): void {
  const op = change.ops[random(change.ops.length)] ?? {}
  const lies: (() => void)[] = [
    () => (change.seq += random(3) - 1),
    () => (change.startOp = [1, change.startOp + 1, change.startOp - 1, 2 ** 31, 2 ** 32 - 1][random(5)] ?? 1),
    () => change.deps.pop(),
    () => change.deps.push('ab'.repeat(32)),
    () => (change.actor = 'cd'.repeat(16)),
    () => (change.time = random(2) === 0 ? -1 : 2 ** 50),
    () => (change.message = 'hello'),
    () => (op.action = ['del', 'inc', 'makeMap', 'makeText', 'link'][random(5)] ?? 'del'),
    () => (op.obj = ['_root', `1@${genesisActor}`, `7@${change.actor}`][random(3)] ?? '_root'),
    () => (op.key = ['kind', 'registers', '__proto__', 'x/..', 'z'.repeat(600)][random(5)] ?? 'kind'),
    () =>
      Object.assign(
        op,
        [
          { value: 1.5, datatype: 'float64' },
          { value: 9, datatype: 'counter' },
          { value: 9, datatype: 'uint' },
        ][random(3)],
      ),
    () => (op.pred = random(2) === 0 ? [] : [`${1 + random(change.startOp)}@${change.actor}`]),
    () => (op.pred = [...(op.pred ?? []), ...(op.pred ?? [`2@${genesisActor}`])]),
    () => change.ops.push({ ...op }),
    () => change.ops.push({ action: 'set', obj: registersObject, key: 'x/late', value: 'v', pred: [`${change.startOp}@${change.actor}`] }),
    () => change.ops.splice(0, change.ops.length),
  ]
  lies[random(lies.length)]?.()
}

function lyingChange(random: Random, change: Uint8Array): Uint8Array {
  const loose = looseDecode(change)
  lie(random, loose)
  if (random(3) === 0 && loose.ops.length > 0) lie(random, loose)
  try {
    return looseEncode(loose)
  } catch {
    return repairChecksum(damage(random, change)) // not even Automerge can write this lie down
  }
}

export interface Mutation {
  readonly how: 'raw' | 'damaged' | 'repaired' | 'lying'
  /** What the bytes are offered to. */
  readonly doc: Doc | undefined
  readonly bytes: Uint8Array
}

function mutate(random: Random, { doc, envelope, by }: Sample): Mutation {
  const how = (['raw', 'damaged', 'repaired', 'lying'] as const)[random(4)] ?? 'raw'
  if (how === 'raw') return { how, doc, bytes: damage(random, envelope.bytes) }
  const at = random(envelope.changes.length)
  const changes = envelope.changes.map((change, index) => {
    if (index !== at) return change
    if (how === 'lying') return lyingChange(random, change)
    const damaged = damage(random, change)
    return how === 'repaired' ? repairChecksum(damaged) : damaged
  })
  return { how, doc, bytes: forge(envelope, by, { changes }) }
}

/** An endless stream of mutations of the samples; all but `raw` are signed by an author who may write the document. */
export function* mutations(seed: number, from: readonly Sample[]): Generator<Mutation> {
  const random = randomFrom(seed)
  for (;;) {
    const sample = from[random(from.length)]
    assert(sample !== undefined, 'at least one sample')
    yield mutate(random, sample)
  }
}

function varint(value: number): Uint8Array {
  return new Writer().varint(value).finish()
}

/** The change with one of its columns replaced: what no encoder would write, with lengths and checksum right again. */
export function withColumn(change: Uint8Array, id: number, bytes: Uint8Array): Uint8Array {
  const head = readChangeHead(crypto, change)
  assert(head.ok, 'a well-formed change')
  const columns = new Map(head.value.columns)
  const before = [...columns].reduce((size, [key, column]) => size + varint(key).length + varint(column.length).length + column.length, 1)
  // Magic, checksum, chunk type, and the length of the body in as many bytes as it needs.
  const start = change.length <= 10 + 127 ? 10 : 11
  columns.set(id, bytes)
  const sorted = [...columns].toSorted(([a], [b]) => a - b)
  const body = new Writer().raw(change.subarray(start, change.length - before)).varint(sorted.length)
  for (const [key, column] of sorted) body.varint(key).varint(column.length)
  for (const [, column] of sorted) body.raw(column)
  const made = body.finish()
  return repairChecksum(new Writer().raw(change.subarray(0, 9)).bytes(made).finish())
}
