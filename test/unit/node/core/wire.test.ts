import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import fc from 'fast-check'

import { limits } from '../../../../crdt/limits.ts'
import type { ActorId, DocId, PoolName } from '../../../../crdt/ids.ts'
import { type Frame, decodeFrame, encodeFrame, envelopeFrames, wireLimits } from '../../../../node/core/wire.ts'
import { testSigner } from '../../../support/crypto.ts'

const node = testSigner(1).node
const pool = 'shop-1' as PoolName
const bytes = (...values: number[]): Uint8Array => new Uint8Array(values)
const hash = '0123456789abcdef'
const hashes = Array.from({ length: 16 }, (_, n) => n.toString(16).padStart(16, '0'))
const head = { turn: 7, root: hash }

const frames: readonly Frame[] = [
  { kind: 'hello', pool, version: '0.1.0', protocol: [1, 2], planVersion: 3 },
  {
    kind: 'hello',
    pool,
    version: '0.1.0',
    protocol: [1, 1],
    planVersion: 1,
    card: { certificate: bytes(1, 2, 3), name: 'till 3', about: 'arm64, 1500 MHz, 906 MiB' },
  },
  { kind: 'waits', reason: 'token-revoked' },
  { kind: 'room', node, waiting: [{ node, pool, name: 'till 3', about: '', reason: 'waiting-room' }], seq: 7 },
  { kind: 'room', node, waiting: [], seq: 8 },
  { kind: 'probe', n: 2 ** 40 },
  { kind: 'probe-ack', n: 0 },
  { kind: 'link-states', states: [bytes(1, 2, 3), bytes()] },
  { kind: 'links-have', digest: hash },
  { kind: 'links-have', digest: hash, seqs: [[node, 12]] },
  { kind: 'envelopes', envelopes: [bytes(9), bytes(8, 7)] },
  { kind: 'sync', scope: 'pool', frame: { kind: 'root', ...head } },
  { kind: 'sync', scope: 'fleet', frame: { kind: 'same', ...head } },
  { kind: 'sync', scope: 'pool', frame: { kind: 'more', ...head } },
  { kind: 'sync', scope: 'pool', frame: { kind: 'branches', ...head, hashes } },
  {
    kind: 'sync',
    scope: 'pool',
    frame: {
      kind: 'leaves',
      ...head,
      partial: true,
      branches: [
        { branch: 0, hashes },
        { branch: 15, hashes },
      ],
    },
  },
  {
    kind: 'sync',
    scope: 'pool',
    frame: {
      kind: 'entries',
      ...head,
      partial: false,
      sections: [
        {
          leaf: 3,
          after: '',
          upTo: 'job/a/b',
          entries: [
            { doc: 'job/a/a' as DocId, epoch: 0, digest: hash },
            { doc: 'job/a/b' as DocId, epoch: -1, digest: hash },
          ],
        },
        { leaf: 255, after: 'fleet', upTo: '', entries: [] },
      ],
    },
  },
  {
    kind: 'sync',
    scope: 'pool',
    frame: {
      kind: 'clocks',
      ...head,
      partial: false,
      answer: true,
      clocks: [{ doc: 'fleet' as DocId, epoch: 4, actors: [['ab'.repeat(16) as ActorId, 900]] }],
    },
  },
  {
    kind: 'summary',
    pool,
    node,
    addresses: ['/ip4/10.0.0.1/tcp/4001'],
    nodesAlive: 3,
    nodesTotal: 4,
    jobs: 5,
    seq: 6,
    wallMs: 1_700_000_000_000,
  },
]

function decoded(frame: Frame): Frame {
  const result = decodeFrame(encodeFrame(frame))
  assert.ok(result.ok, JSON.stringify(result))
  return result.value
}

function refused(input: Uint8Array): void {
  const result = decodeFrame(input)
  assert.ok(!result.ok)
  assert.equal(result.code, 'E_FRAME')
}

describe('wire frames', () => {
  for (const frame of frames) {
    const name = frame.kind === 'sync' ? `sync ${frame.frame.kind}` : frame.kind
    it(`reads back what it wrote: ${name}`, () => assert.deepEqual(decoded(frame), frame))

    it(`refuses every truncation and anything that trails: ${name}`, () => {
      const whole = encodeFrame(frame)
      for (let length = 0; length < whole.length; length++) refused(whole.subarray(0, length))
      refused(new Uint8Array([...whole, 0]))
    })
  }

  it('refuses another version and unknown kinds', () => {
    refused(bytes(2, 1, 0))
    refused(bytes(1, 200, 0))
    refused(bytes(1, 6, 0, 99, 0, 0, 0, 0, 0, 0, 0, 0, 0))
  })

  it('refuses huge counts before it reads on', () => {
    refused(bytes(1, 3, 0xff, 0xff, 0xff, 0x7f))
    refused(bytes(1, 5, 0xff, 0xff, 0x7f))
    refused(new Uint8Array(wireLimits.frameBytesMax + 1))
  })

  it('refuses documents named twice or out of order, and actors too', () => {
    const entry = { doc: 'job/a/b' as DocId, epoch: 0, digest: hash }
    const clock = { doc: 'job/a/b' as DocId, epoch: 0, actors: [] }
    const actor = 'ab'.repeat(16) as ActorId
    const sync = (frame: (Frame & { kind: 'sync' })['frame']) => refused(encodeFrame({ kind: 'sync', scope: 'pool', frame }))
    sync({ kind: 'entries', ...head, partial: false, sections: [{ leaf: null, after: '', upTo: '', entries: [entry, entry] }] })
    sync({ kind: 'clocks', ...head, partial: false, answer: false, clocks: [clock, clock] })
    sync({
      kind: 'clocks',
      ...head,
      partial: false,
      answer: false,
      clocks: [
        {
          ...clock,
          actors: [
            [actor, 1],
            [actor, 2],
          ],
        },
      ],
    })
    sync({
      kind: 'leaves',
      ...head,
      partial: false,
      branches: [
        { branch: 2, hashes },
        { branch: 1, hashes },
      ],
    })
    const section = { leaf: 5, after: '', upTo: '', entries: [] }
    sync({ kind: 'entries', ...head, partial: false, sections: [section, section] })
    sync({ kind: 'entries', ...head, partial: false, sections: [{ ...section, leaf: null }, section] })
  })

  it('refuses names that are not document ids, pools or nodes', () => {
    refused(encodeFrame({ kind: 'hello', pool: 'No Pool' as PoolName, version: '', protocol: [1, 1], planVersion: 1 }))
    refused(encodeFrame({ kind: 'links-have', digest: '', seqs: [['nobody' as never, 1]] }))
    refused(
      encodeFrame({
        kind: 'sync',
        scope: 'pool',
        frame: { kind: 'clocks', ...head, partial: false, answer: false, clocks: [{ doc: 'secret' as DocId, epoch: 0, actors: [] }] },
      }),
    )
  })

  it('never throws on random or mutated bytes, and what it accepts has one encoding', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...frames), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }))
      .map(([frame, edits]) => {
        const made = encodeFrame(frame)
        for (const [at, value] of edits) made[at % made.length] = value
        return made
      })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (input) => {
        const result = decodeFrame(input)
        if (result.ok) assert.deepEqual(encodeFrame(result.value), input)
        else assert.equal(result.code, 'E_FRAME')
      }),
      { numRuns: 4_000 },
    )
  })
})

describe('envelopes in frames', () => {
  it('packs many small ones together and a large one alone, in order', () => {
    const sizes = [100, 200, 8_000, 50, 40_000, 60, ...Array.from({ length: 200 }, () => 300)]
    const envelopes = sizes.map((size, n) => new Uint8Array(size).fill(n))
    const packed = envelopeFrames(envelopes)
    const opened = packed
      .map((frame) => decodeFrame(frame))
      .flatMap((result) => (result.ok && result.value.kind === 'envelopes' ? [result.value.envelopes] : []))
    assert.deepEqual(opened.flat(), envelopes)
    packed.forEach((frame, n) => assert.ok(frame.length <= limits.syncChunkBytesMax || opened[n]!.length === 1))
    assert.ok(packed.length < 15, `${packed.length} frames`)
  })

  it('makes no frame of nothing', () => assert.deepEqual(envelopeFrames([]), []))
})
