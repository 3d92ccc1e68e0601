// Files that the core wants under a task that runs, and the signals after them, through the driver loop.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { refuse } from '../../../crdt/errors.ts'
import type { Effect } from '../../../node/core/effect.ts'
import type { TaskRequest } from '../../../node/core/ports.ts'
import { loopBench } from '../../support/loop-bench.ts'

const rewrite = (driver: 'raw_exec' | 'docker', signals: readonly string[]): Effect => ({
  kind: 'rewrite',
  task: { id: 't', spec: { driver } } as TaskRequest,
  signals,
  digest: 'd',
})

async function played(answers: Parameters<typeof Object.assign>[1], effect: Effect): Promise<{ calls: string[]; told: string[] }> {
  const bench = await loopBench(() => [])
  Object.assign(bench.driver.answers, answers)
  bench.run(effect)
  await bench.settle()
  const told = bench.events.flatMap((event) =>
    event.kind === 'rewritten' ? [`${event.task} ${event.digest} ${event.outcome.ok ? 'ok' : event.outcome.code}`] : [],
  )
  await bench.loop.stop()
  return { calls: bench.driver.calls, told }
}

test('signals come after the files, and the answer after the signals', async () => {
  const { calls, told } = await played({}, rewrite('raw_exec', ['SIGHUP', 'SIGUSR1']))
  assert.deepEqual([calls, told], [['rewrite t', 'signal t SIGHUP', 'signal t SIGUSR1'], ['t d ok']])
})

test('without the files there is no signal, and the core hears why', async () => {
  const refused = { rewrite: async () => refuse('E_START', 'no space left') }
  const { calls, told } = await played(refused, rewrite('raw_exec', ['SIGHUP']))
  assert.deepEqual([calls, told], [['rewrite t'], ['t d E_START']])
})

test('a driver that is not there is an answer, too', async () => {
  const { told } = await played({}, rewrite('docker', []))
  assert.deepEqual(told, ['t d E_DRIVER_DOWN'])
})
