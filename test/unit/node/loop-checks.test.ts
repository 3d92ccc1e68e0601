// A question of the core to a task, and its answer, through the driver loop.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Effect } from '../../../node/core/effect.ts'
import type { CheckOutcome, CheckRequest } from '../../../node/core/ports.ts'
import { loopBench } from '../../support/loop-bench.ts'

const ask = (id: string): Effect => ({ kind: 'check', request: { id } as CheckRequest })

test('each question is answered with what came of it, and none waits for one that hangs', async () => {
  const answers: Record<string, () => Promise<CheckOutcome>> = {
    well: async () => ({ result: 'passed', output: 'ok' }),
    hangs: () => new Promise(() => undefined),
    throws: async () => Promise.reject(new Error('a bug')),
  }
  const bench = await loopBench(
    () => [],
    () => undefined,
    ({ id }) => answers[id]!(),
  )
  bench.run(ask('hangs'), ask('throws'), ask('well'))
  await bench.settle()
  const told = bench.events.flatMap((event) =>
    event.kind === 'checked' ? [`${event.id}: ${event.outcome.result}, ${event.outcome.output}`] : [],
  )
  assert.deepEqual(told.sort(), ['throws: failed, the check failed: a bug', 'well: passed, ok'])
  await bench.loop.stop()
})
