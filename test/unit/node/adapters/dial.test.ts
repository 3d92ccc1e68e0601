// How long a dial waits, and for what: virtual timers, a dial that ends only when it is aborted.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { dialAddress } from '../../../../node/adapters/libp2p/dial.ts'
import { answerMs } from '../../../../node/core/dialling/address-book.ts'
import { networkLimits } from '../../../../node/adapters/libp2p/limits.ts'

const address = '/ip4/10.0.0.1/tcp/7420'

interface Dialled {
  readonly answers: () => void
  readonly outcome: () => string
}

/** Begins a dial of an address that stays silent until `answers`, and then never finishes its handshake. */
function silentDial(failures: number, signal?: AbortSignal): Dialled {
  let progress: ((event: { readonly type: string }) => void) | undefined
  let outcome = 'waiting'
  const node = {
    dial: async (_: unknown, options?: { signal?: AbortSignal; onProgress?: (event: never) => void }) => {
      progress = options?.onProgress as typeof progress
      return await new Promise<never>((_resolve, reject) => {
        const given = options!.signal!
        given.addEventListener('abort', () => {
          const reason = given.reason as Error
          outcome = reason.message
          reject(reason)
        })
      })
    },
  }
  dialAddress(node as never, address, failures, signal).catch(() => undefined)
  return { answers: () => progress?.({ type: 'upgrader:encrypt-outbound-connection' }), outcome: () => outcome }
}

test('a silent address is given up after the wait of its turn: every other try is a patient one', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  assert.deepEqual([0, 1, 2, 3].map(answerMs), [2_000, 8_000, 2_000, 8_000])
  for (const failures of [0, 1]) {
    const dialled = silentDial(failures)
    t.mock.timers.tick(answerMs(failures) - 1)
    assert.equal(dialled.outcome(), 'waiting')
    t.mock.timers.tick(1)
    assert.equal(dialled.outcome(), `no answer within ${answerMs(failures)} ms`)
  }
})

test('a board that has answered gets the time of a slow handshake, and no more', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const dialled = silentDial(0)
  t.mock.timers.tick(networkLimits.answerMsMin - 1)
  dialled.answers()
  t.mock.timers.tick(networkLimits.handshakeMs - 1)
  assert.equal(dialled.outcome(), 'waiting')
  t.mock.timers.tick(1)
  assert.match(dialled.outcome(), /the handshake took longer/)
})

test('whoever asked for the dial can end it', () => {
  const caller = new AbortController()
  const dialled = silentDial(0, caller.signal)
  caller.abort(new Error('not wanted any more'))
  assert.equal(dialled.outcome(), 'not wanted any more')
})
