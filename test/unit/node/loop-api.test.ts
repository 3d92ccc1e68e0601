// The API seen from the driver loop: requests in, replies out, in order, whatever becomes of the caller.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { NodeId } from '../../../crdt/ids.ts'
import { askedPerCaller } from '../../../node/api-bridge.ts'
import type { Effect } from '../../../node/core/effect.ts'
import type { ApiChannel } from '../../../node/core/ports.ts'
import { type Bench, bytes, loopBench, text } from '../../support/loop-bench.ts'

const unanswered = { code: 'E_SOME', message: 'nobody there', hint: 'wait' }

const persist = (key: string, sync = false): Effect => ({ kind: 'persist', writes: [{ key, value: bytes(key) }], sync })

function kindsOf(bench: Bench): string[] {
  return bench.events.map((event) => event.kind).filter((kind) => kind !== 'boot' && kind !== 'addresses')
}

interface Caller {
  readonly channel: ApiChannel
  readonly got: unknown[]
  readonly leave: () => void
  isEnded: boolean
}

function caller(request: unknown, raw?: Uint8Array, key: string | null = null): Caller {
  const gone = new AbortController()
  const made: Caller = {
    got: [],
    isEnded: false,
    leave: () => gone.abort(),
    channel: {
      caller: key,
      request: raw ?? bytes(JSON.stringify(request)),
      signal: gone.signal,
      send: async (frame) => void made.got.push(JSON.parse(text(frame))),
      end: async () => void (made.isEnded = true),
    },
  }
  return made
}

describe('driver loop: API', () => {
  it('answers one key so often and no more, another key and the board’s own socket all the same', async () => {
    const bench = await loopBench((event) =>
      event.kind === 'command' ? [{ kind: 'reply', id: event.id, reply: { kind: 'done' }, last: true }] : [],
    )
    const open = (key: string | null): Caller => {
      const asks = caller({ method: 'status' }, undefined, key)
      bench.loop.handlers.api(asks.channel)
      return asks
    }
    const asked = Array.from({ length: 3 * askedPerCaller.atOnce }, () => open('greedy'))
    await bench.settle()
    const isLimited = ({ got }: Caller): boolean => /times a second/.test((got[0] as { message?: string }).message ?? '')
    assert.ok(!asked.slice(0, askedPerCaller.atOnce).some(isLimited))
    assert.ok(asked.some(isLimited))
    for (const key of ['other', null]) {
      const one = open(key)
      await bench.settle()
      assert.deepEqual(one.got, [{ kind: 'done' }])
    }
  })

  it('hands a request to the core and its replies back, in order', async () => {
    const bench = await loopBench((event) => {
      if (event.kind !== 'command') return []
      const { id } = event
      return [
        { kind: 'reply', id, reply: { kind: 'bytes', data: '1' }, last: false },
        { kind: 'reply', id, reply: { kind: 'done' }, last: true },
      ]
    })
    const asks = caller({ method: 'status', pool: 'shop-1' })
    bench.loop.handlers.api(asks.channel)
    await bench.settle()
    assert.deepEqual(asks.got, [{ kind: 'bytes', data: '1' }, { kind: 'done' }])
    assert.equal(asks.isEnded, true)
    const command = bench.events.find((event) => event.kind === 'command')
    assert.deepEqual(command?.kind === 'command' && command.request, { method: 'status', pool: 'shop-1' })
  })

  it('refuses what is no request, before the core sees it', async () => {
    const bench = await loopBench()
    const wrong = [
      caller(null, bytes('{')),
      caller(null, new Uint8Array([0xff])),
      caller([]),
      caller({ method: 7 }),
      caller({ method: 'job.status' }),
      caller({ method: 'doc.put', envelopes: 'x' }),
    ]
    for (const one of wrong) bench.loop.handlers.api(one.channel)
    await bench.settle()
    for (const one of wrong) {
      assert.equal((one.got[0] as { code: string }).code, 'E_REQUEST')
      assert.equal(one.isEnded, true)
    }
    assert.deepEqual(kindsOf(bench), [])
  })

  it('lets a method pass that it does not know: the core answers that', async () => {
    const bench = await loopBench()
    bench.loop.handlers.api(caller({ method: 'job.dance', steps: 3 }).channel)
    bench.loop.handlers.api(caller({ method: 'constructor' }).channel)
    await bench.settle()
    assert.deepEqual(kindsOf(bench), ['command', 'command'])
  })

  it('tells the core when a caller goes away', async () => {
    const bench = await loopBench()
    const asks = caller({ method: 'job.status', job: 'web', follow: true })
    bench.loop.handlers.api(asks.channel)
    await bench.settle()
    asks.leave()
    await bench.settle()
    assert.deepEqual(kindsOf(bench), ['command', 'command-gone'])
  })

  it('asks the nodes of another pool in order and passes the first answer on', async () => {
    const request = { method: 'status', pool: 'far' } as const
    const bench = await loopBench((event) =>
      event.kind === 'command' ? [{ kind: 'forward', id: event.id, to: ['dead' as NodeId, 'there' as NodeId], request, unanswered }] : [],
    )
    bench.network.answers['there'] = async function* () {
      yield bytes('{"kind":"bytes","data":"a"}')
      yield bytes('{"kind":"done"}')
    }
    const asks = caller(request)
    bench.loop.handlers.api(asks.channel)
    await bench.settle()
    assert.deepEqual(asks.got, [{ kind: 'bytes', data: 'a' }, { kind: 'done' }])
    assert.equal(asks.isEnded, true)
  })

  it('says whom it asked when no node of the other pool answers', async () => {
    const bench = await loopBench((event) =>
      event.kind === 'command' ? [{ kind: 'forward', id: event.id, to: ['dead' as NodeId], request: event.request, unanswered }] : [],
    )
    const asks = caller({ method: 'status', pool: 'far' })
    bench.loop.handlers.api(asks.channel)
    await bench.settle()
    assert.deepEqual(asks.got, [{ kind: 'error', ...unanswered, message: 'nobody there (dead: unreachable)' }])
  })

  it('shows that it is there before a followed log says anything', async () => {
    const bench = await loopBench((event) =>
      event.kind === 'command'
        ? [{ kind: 'logs', id: event.id, task: 't1', driver: 'raw_exec', stream: 'stdout', follow: true, tailBytes: null }]
        : [],
    )
    const asks = caller({ method: 'alloc.logs', alloc: 'a', stream: 'stdout', follow: true, tailBytes: null })
    bench.loop.handlers.api(asks.channel)
    await bench.settle()
    assert.deepEqual(asks.got[0], { kind: 'bytes', data: '' })
  })

  it('streams logs straight from the driver', async () => {
    const bench = await loopBench((event) =>
      event.kind === 'command'
        ? [{ kind: 'logs', id: event.id, task: 't1', driver: 'raw_exec', stream: 'stdout', follow: false, tailBytes: null }]
        : [],
    )
    bench.driver.chunks = [bytes('one'), bytes('two')]
    const asks = caller({ method: 'alloc.logs', alloc: 'a', stream: 'stdout', follow: false, tailBytes: null })
    bench.loop.handlers.api(asks.channel)
    await bench.settle()
    assert.deepEqual(asks.got, [{ kind: 'bytes', data: 'b25l' }, { kind: 'bytes', data: 'dHdv' }, { kind: 'done' }])
  })

  it('answers a request for a document with its stored envelopes, or says what is missing', async () => {
    const bench = await loopBench((event) =>
      event.kind === 'command'
        ? [
            persist('env/1'),
            {
              kind: 'reply-stored',
              id: event.id,
              doc: 'fleet',
              pool: '*',
              epoch: 2,
              keys: event.request.method === 'doc.get' && event.request.doc === 'fleet' ? ['env/1'] : ['env/none'],
            },
          ]
        : [],
    )
    const [good, bad] = [caller({ method: 'doc.get', doc: 'fleet' }), caller({ method: 'doc.get', doc: 'other' })]
    bench.loop.handlers.api(good.channel)
    bench.loop.handlers.api(bad.channel)
    await bench.settle()
    assert.deepEqual(good.got, [{ kind: 'doc', doc: 'fleet', pool: '*', epoch: 2, envelopes: ['ZW52LzE='] }])
    assert.equal((bad.got[0] as { code: string }).code, 'E_STORE_BROKEN')
  })
})
