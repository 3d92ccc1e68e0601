import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Reply } from '../../../crdt/api-types.ts'
import { AssertionError, ok, refuse } from '../../../crdt/errors.ts'
import type { NodeId } from '../../../crdt/ids.ts'
import type { Effect } from '../../../node/core/effect.ts'
import type { RunningTask, TaskExit, TaskRequest } from '../../../node/core/ports.ts'
import { decodeFrame, encodeFrame } from '../../../node/core/wire.ts'
import { type Bench, bytes, loopBench, text } from '../../support/loop-bench.ts'

const peer = 'peer' as NodeId
const send = (words: string): Effect => ({ kind: 'send', to: peer, frame: bytes(words) })
const broadcast = (words: string): Effect => ({ kind: 'broadcast', topic: 'pool', frame: bytes(words) })
const persist = (key: string, sync = false): Effect => ({ kind: 'persist', writes: [{ key, value: bytes(key) }], sync })
const task = { id: 't1', spec: { driver: 'raw_exec' } } as unknown as TaskRequest
const dockerTask = { id: 't2', spec: { driver: 'docker' } } as unknown as TaskRequest
const exit: TaskExit = { exitCode: 1, signal: null, outOfMemory: false }

function kindsOf(bench: Bench): string[] {
  return bench.events.map((event) => event.kind).filter((kind) => kind !== 'boot' && kind !== 'addresses')
}

describe('driver loop: order', () => {
  it('lets nothing leave the board before what was persisted before it is on disk', async () => {
    const { run, settle, store, network, driver } = await loopBench()
    store.held = []
    run(send('before'), persist('a'), send('after a'), { kind: 'start', task })
    run(broadcast('a later step'))
    await settle()
    assert.deepEqual(network.said, ['send peer before'])
    assert.deepEqual(driver.calls, [])
    store.release()
    await settle()
    assert.deepEqual(network.said, ['send peer before', 'send peer after a', 'broadcast pool a later step'])
    assert.deepEqual(driver.calls, ['start t1'])
  })

  it('steps on while the disk is busy, and writes what came meanwhile together', async () => {
    const { run, settle, store, network, events } = await loopBench()
    store.held = []
    run(persist('a'), send('1'))
    await settle()
    run(persist('b', true), send('2'), persist('c'))
    run(send('3'), persist('d'))
    await settle()
    assert.equal(events.filter((event) => event.kind === 'addresses').length, 3)
    assert.deepEqual(store.calls, [{ keys: ['a'], sync: false }])
    store.release()
    await settle()
    assert.deepEqual(store.calls.slice(1), [{ keys: ['b', 'c', 'd'], sync: true }])
    assert.deepEqual(network.said, ['send peer 1', 'send peer 2', 'send peer 3'])
  })

  it('writes together what came within a moment and nothing waits for', async () => {
    const { run, settle, store, clock } = await loopBench()
    run(persist('a'))
    await settle()
    clock.advance(99)
    run(persist('b'))
    await settle()
    assert.equal(store.calls.length, 0)
    clock.advance(1)
    await settle()
    assert.deepEqual(store.calls, [{ keys: ['a', 'b'], sync: false }])
    run(...Array.from({ length: 64 }, (_, n) => persist(`many/${n}`)))
    await settle()
    assert.equal(store.calls[1]?.keys.length, 64, 'enough of them do not wait')
  })

  it('writes at once what has to be synced, and before anything that follows', async () => {
    const { run, settle, store, network } = await loopBench()
    run(persist('a'))
    run(persist('b', true))
    await settle()
    assert.deepEqual(store.calls, [{ keys: ['a', 'b'], sync: true }])
    store.held = []
    run(persist('c'))
    run(send('what follows'))
    await settle()
    assert.deepEqual([store.calls[1], network.said], [{ keys: ['c'], sync: false }, []])
    store.release()
    await settle()
    assert.deepEqual(network.said, ['send peer what follows'])
  })

  it('leaves nothing unwritten when it is idle or stops', async () => {
    const { run, settle, store, loop } = await loopBench()
    run(persist('a'))
    await settle()
    await loop.idle()
    assert.deepEqual(store.calls, [{ keys: ['a'], sync: false }])
    run(persist('b'))
    await settle()
    await loop.stop()
    assert.deepEqual(store.calls[1], { keys: ['b'], sync: false })
  })

  it('does not let a slow disk hold up probes', async () => {
    const { run, settle, store, network } = await loopBench()
    store.held = []
    run(persist('a'), send('waits'))
    run({ kind: 'send', to: peer, frame: encodeFrame({ kind: 'probe-ack', n: 7 }) })
    await settle()
    assert.deepEqual(
      network.sent.map((frame) => decodeFrame(frame)),
      [{ ok: true, value: { kind: 'probe-ack', n: 7 } }],
    )
    store.release()
    await settle()
    assert.equal(network.sent.length, 2)
  })

  it('sends stored envelopes in order, in its turn', async () => {
    const { run, settle, network } = await loopBench()
    run(
      persist('env/1'),
      persist('env/2'),
      send('before'),
      { kind: 'send-stored', to: peer, keys: ['env/2', 'env/gone', 'env/1'] },
      send('after'),
    )
    await settle()
    assert.equal(network.said.length, 3)
    const frame = decodeFrame(network.sent[1]!)
    assert.deepEqual(frame.ok && frame.value.kind === 'envelopes' && frame.value.envelopes.map(text), ['env/2', 'env/1'])
  })

  it('takes events one after the other, with times that never run backwards', async () => {
    const { loop, clock, settle, events } = await loopBench()
    loop.handlers.peerUp(peer)
    clock.advance(5)
    loop.handlers.frame(peer, bytes('x'), 'stream')
    loop.handlers.peerDown(peer)
    await settle()
    assert.deepEqual(
      events.map((event) => event.kind),
      ['boot', 'peer-up', 'peer-down', 'frame'],
    )
    assert.ok(events.every((event, n) => n === 0 || event.now >= events[n - 1]!.now))
  })
})

describe('driver loop: start', () => {
  it('gives the core its first step before anything that drivers told earlier', async () => {
    const bench = await loopBench(
      () => [],
      (driver) => driver.exit('t1', exit),
    )
    await bench.settle()
    assert.deepEqual(
      bench.events.map((event) => event.kind),
      ['boot', 'exited'],
    )
    assert.deepEqual(bench.fatal, [])
  })
})

describe('driver loop: timer', () => {
  it('has one, which each step replaces, and says how late it was', async () => {
    const { run, settle, clock, events } = await loopBench()
    run({ kind: 'wake', at: 1_500 })
    run({ kind: 'wake', at: 2_000 })
    await settle()
    clock.advance(600)
    await settle()
    assert.equal(events.filter((event) => event.kind === 'tick').length, 0)
    clock.advance(407)
    await settle()
    assert.deepEqual(
      events.filter((event) => event.kind === 'tick').map((event) => event.kind === 'tick' && event.lagMs),
      [7],
    )
  })
})

describe('driver loop: tasks', () => {
  it('reports what drivers did as events, and is not held up by one that hangs', async () => {
    const bench = await loopBench()
    bench.driver.answers.prepare = () => new Promise(() => undefined)
    bench.run(
      { kind: 'prepare', task },
      { kind: 'start', task },
      { kind: 'stop', task: 't1', driver: 'raw_exec', signal: 'SIGTERM', timeoutMs: 1 },
    )
    await bench.settle()
    assert.deepEqual(kindsOf(bench), ['started', 'stopped'])
  })

  it('forgets a preparation that was cancelled', async () => {
    const bench = await loopBench()
    let finish!: () => void
    bench.driver.answers.prepare = () => new Promise((resolve) => (finish = () => resolve(ok(undefined))))
    bench.run({ kind: 'prepare', task }, { kind: 'cancel-prepare', task: 't1' })
    await bench.settle()
    finish()
    await bench.settle()
    assert.deepEqual(kindsOf(bench), [])
  })

  it('tells of a start before the exit that overtook it', async () => {
    const bench = await loopBench()
    let finish!: () => void
    bench.driver.answers.start = () => new Promise((resolve) => (finish = () => resolve(ok({} as RunningTask))))
    bench.run({ kind: 'start', task })
    await bench.settle()
    bench.driver.exit('t1', exit)
    await bench.settle()
    assert.deepEqual(kindsOf(bench), [])
    finish()
    await bench.settle()
    assert.deepEqual(kindsOf(bench), ['started', 'exited'])
    bench.driver.exit('t1', exit)
    await bench.settle()
    assert.deepEqual(kindsOf(bench), ['started', 'exited', 'exited'])
  })

  it('tries a stop again until it succeeds', async () => {
    const bench = await loopBench()
    let tries = 0
    bench.driver.answers.stop = async () => (++tries < 3 ? refuse('E_DRIVER_DOWN', 'no engine') : ok(undefined))
    bench.run({ kind: 'stop', task: 't1', driver: 'raw_exec', signal: 'SIGTERM', timeoutMs: 1 })
    await bench.settle()
    bench.run({ kind: 'stop', task: 't1', driver: 'raw_exec', signal: 'SIGTERM', timeoutMs: 1 })
    await bench.settle()
    assert.equal(tries, 1, 'the second wish is the same stop')
    for (let n = 0; n < 3; n++) {
      bench.clock.advance(5_000)
      await bench.settle()
    }
    assert.deepEqual(kindsOf(bench), ['stopped'])
    assert.equal(tries, 3)
  })

  it('turns a driver that throws, and one that is not there, into outcomes', async () => {
    const bench = await loopBench()
    bench.driver.answers.start = () => Promise.reject(new Error('boom'))
    bench.run({ kind: 'start', task }, { kind: 'start', task: dockerTask }, { kind: 'remove', task: 't1', driver: 'raw_exec' })
    await bench.settle()
    const outcomes = bench.events.flatMap((event) =>
      event.kind === 'started' && !event.outcome.ok ? [`${event.task} ${event.outcome.code}`] : [],
    )
    assert.deepEqual(outcomes.toSorted(), ['t1 E_START', 't2 E_DRIVER_DOWN'])
    assert.ok(bench.logged.includes('warn what a finished task left could not be removed'))
  })

  it('asks drivers every 30 s how they are, and tells only what changed', async () => {
    const bench = await loopBench()
    bench.clock.advance(30_000)
    await bench.settle()
    assert.deepEqual(kindsOf(bench), [])
    bench.driver.current = { ...bench.driver.current, health: { healthy: false, reason: 'down' } }
    bench.clock.advance(30_000)
    await bench.settle()
    assert.deepEqual(kindsOf(bench), ['fingerprint'])
  })
})

const receipt: Reply = {
  kind: 'receipt',
  coverage: { fleet: 'f', pool: 'p', node: 'n', nodeName: 'n', view: '', nodesAlive: 1, nodesTotal: 1, oldestMs: 0 },
  accepted: [],
  confirmedBy: ['n'],
  final: true,
}

describe('driver loop: faults', () => {
  it('goes on when the disk is full: says so, starts nothing, keeps the writes and writes them when there is room', async () => {
    const bench = await loopBench()
    bench.store.fault = 'E_STORE_FULL'
    bench.run(persist('env/1'), send('still told'), { kind: 'start', task })
    await bench.settle()
    assert.deepEqual(kindsOf(bench).toSorted(), ['started', 'store-state'])
    assert.deepEqual(bench.network.said, ['send peer still told'])
    assert.deepEqual(bench.driver.calls, [])
    bench.run({ kind: 'send-stored', to: peer, keys: ['env/1'] })
    await bench.settle()
    assert.equal(bench.network.sent.length, 2, 'what the disk did not take can still be sent')
    bench.store.fault = null
    bench.clock.advance(5_000)
    await bench.settle()
    assert.equal(text(bench.store.records.get('env/1')!), 'env/1')
    const states = bench.events.flatMap((event) => (event.kind === 'store-state' ? [event.writable] : []))
    assert.deepEqual(states, [false, true])
    bench.run(persist('env/2'), { kind: 'start', task })
    await bench.settle()
    assert.deepEqual(bench.driver.calls, ['start t1'])
  })

  it('gives no receipt for what the disk has just refused', async () => {
    const bench = await loopBench()
    const answers: { kind: string; code?: string }[] = []
    const ask = async (): Promise<void> => {
      bench.loop.handlers.api({
        caller: null,
        request: bytes('{"method":"job.list"}'),
        send: async (frame) => void answers.push(JSON.parse(text(frame)) as { kind: string; code?: string }),
        end: async () => undefined,
        signal: new AbortController().signal,
      })
      await bench.settle()
      const command = bench.events.findLast((event) => event.kind === 'command')
      assert.ok(command?.kind === 'command')
      bench.run(persist('env/1'), { kind: 'reply', id: command.id, reply: receipt, last: true })
      await bench.settle()
    }
    await ask()
    bench.store.fault = 'E_STORE_FULL'
    await ask()
    assert.deepEqual(
      answers.map(({ kind, code }) => code ?? kind),
      ['receipt', 'E_STORE_FULL'],
    )
  })

  it('keeps the newest of several writes of one key while the disk is full', async () => {
    const bench = await loopBench()
    bench.store.fault = 'E_STORE_FULL'
    bench.run({ kind: 'persist', writes: [{ key: 'doc', value: bytes('old') }], sync: true })
    await bench.settle()
    bench.run({
      kind: 'persist',
      writes: [
        { key: 'doc', value: bytes('new') },
        { key: 'gone', value: null },
      ],
      sync: true,
    })
    await bench.settle()
    bench.store.records.set('gone', bytes('x'))
    bench.store.fault = null
    bench.run(persist('other', true))
    await bench.settle()
    assert.deepEqual([...bench.store.records.keys()].toSorted(), ['doc', 'other'])
    assert.equal(text(bench.store.records.get('doc')!), 'new')
  })

  it('logs an adapter that throws and carries on', async () => {
    const { run, settle, network, logged } = await loopBench()
    run({ kind: 'disconnect', peer, reason: '' }, send('next'))
    await settle()
    assert.deepEqual(network.said, ['send peer next'])
    assert.ok(logged.includes('error an adapter failed'))
  })

  it('stops at a bug in the core: the error is handed out, and nothing more is done', async () => {
    const bench = await loopBench((event) => {
      if (event.kind === 'peer-up') throw new AssertionError('a bug')
      return [send('never')]
    })
    bench.network.said.length = 0
    bench.loop.handlers.peerUp(peer)
    bench.loop.handlers.peerDown(peer)
    await bench.settle()
    assert.equal(bench.fatal.length, 1)
    assert.ok(bench.fatal[0] instanceof AssertionError)
    assert.deepEqual(bench.network.said, [])
  })

  it('drops frames, and nothing else, when far too many events wait', async () => {
    const bench = await loopBench()
    for (let n = 0; n < 6_000; n++) bench.loop.handlers.frame(peer, bytes('x'), 'gossip')
    bench.loop.handlers.peerUp(peer)
    assert.ok(bench.logged.includes('dropped frame'))
    assert.ok(bench.loop.queued <= 5_002)
    await bench.loop.idle()
    assert.equal(bench.events.filter((event) => event.kind === 'peer-up').length, 1)
  })

  it('takes everything that happens on this board, and probes, before frames that wait', async () => {
    const bench = await loopBench()
    const probe = encodeFrame({ kind: 'probe', n: 7 })
    bench.loop.handlers.frame(peer, bytes('bulk'), 'gossip')
    bench.loop.handlers.frame(peer, bytes('more bulk'), 'stream')
    bench.loop.handlers.peerUp(peer)
    bench.loop.handlers.frame(peer, probe, 'stream')
    await bench.loop.idle()
    const kinds = bench.events.slice(-4).map((event) => (event.kind === 'frame' && event.bytes === probe ? 'probe' : event.kind))
    assert.deepEqual(kinds, ['peer-up', 'probe', 'frame', 'frame'])
  })

  it('waits for the disk when it stops, and stops no task', async () => {
    const { loop, run, settle, store, driver } = await loopBench()
    store.held = []
    run(persist('a', true))
    await settle()
    let isStopped = false
    const stopping = loop.stop().then(() => (isStopped = true))
    await settle()
    assert.equal(isStopped, false)
    store.release()
    await stopping
    assert.ok(store.records.has('a'))
    assert.deepEqual(driver.calls, [])
  })
})
