import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NodeId } from '../../../crdt/ids.ts'
import { encodeFrame } from '../../../node/core/wire.ts'
import { EventQueue, queueLimits } from '../../../node/event-queue.ts'
import type { LooseEvent } from '../../../node/loose-event.ts'

const frame = (from: string, bytes: Uint8Array = new Uint8Array(10)): LooseEvent => ({
  kind: 'frame',
  from: from as NodeId,
  bytes,
  via: 'stream',
})
const waiting = (queue: EventQueue): LooseEvent[] => [...queue.takeWaiting(() => true)]

test('one peer fills half of the room, in frames or in bytes, and the others find theirs', () => {
  for (const bytes of [new Uint8Array(10), new Uint8Array(200_000)]) {
    const queue = new EventQueue()
    let taken = 0
    while (queue.push(frame('flood', bytes))) taken++
    const { framesMax, frameBytesMax } = queueLimits
    assert.equal(taken, Math.min(framesMax / 2, Math.trunc(frameBytesMax / 2 / bytes.length)))
    assert.ok(queue.push(frame('other', bytes)))
    assert.equal(waiting(queue).length, taken + 1)
    assert.ok(queue.push(frame('flood', bytes)), 'what was taken makes room again')
  }
})

test('all peers together have a bound, and what is no frame always finds room', () => {
  const queue = new EventQueue()
  for (let n = 0; n < 10_000; n++) queue.push(frame(`peer ${n % 100}`))
  assert.ok(queue.length <= queueLimits.framesMax + 1)
  assert.ok(queue.push({ kind: 'peer-up', peer: 'p' as NodeId }))
})

test('what happens on this board, and probes, come first; what comes while the rest is taken is taken in its turn', () => {
  const queue = new EventQueue()
  const probe = frame('a', encodeFrame({ kind: 'probe', n: 1 }))
  const up: LooseEvent = { kind: 'peer-up', peer: 'p' as NodeId }
  const [one, two] = [frame('a'), frame('b')]
  for (const event of [one, probe, up]) queue.push(event)
  assert.deepEqual(queue.takeUrgent(), [probe, up])
  assert.deepEqual(queue.takeUrgent(), [])
  const taken: LooseEvent[] = []
  for (const event of queue.takeWaiting(() => true)) {
    taken.push(event)
    if (taken.length === 1) queue.push(two)
  }
  assert.deepEqual([taken, queue.length], [[one, two], 0])
})

test('at least one of those that wait is taken, however little time there is', () => {
  const queue = new EventQueue()
  for (const from of ['a', 'b']) queue.push(frame(from))
  assert.equal([...queue.takeWaiting(() => false)].length, 1)
  assert.equal(queue.length, 1)
})
