// Tasks with artifacts through the driver loop: what takes its time before a start must not let a stop pass it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { ArtifactFile, ArtifactStore, DriverCode, TaskRequest } from '../../../node/core/ports.ts'
import { loopBench } from '../../support/loop-bench.ts'

const file: ArtifactFile = { kind: 'artifact', path: 'app', mode: 0o755, source: 'https://files.example/app', sha256: '00' }
const task = { id: 't', spec: { driver: 'raw_exec' }, files: [file] } as unknown as TaskRequest

function slowStore(): ArtifactStore & { end(answer: Result<TaskRequest, DriverCode>): void; readonly released: string[] } {
  let resolve: (answer: Result<TaskRequest, DriverCode>) => void = () => undefined
  const promise = new Promise<Result<TaskRequest, DriverCode>>((done) => (resolve = done))
  const released: string[] = []
  return {
    released,
    fetch: async () => ok(undefined),
    place: async () => await promise,
    release: (id) => void released.push(id),
    end: (answer) => resolve(answer),
  }
}

test('a stop and a removal that come while its files are placed wait for the start: nothing begins behind its own end', async () => {
  const artifacts = slowStore()
  const bench = await loopBench(() => [], undefined, undefined, artifacts)
  bench.run(
    { kind: 'start', task },
    { kind: 'stop', task: 't', driver: 'raw_exec', signal: 'SIGTERM', timeoutMs: 0 },
    { kind: 'remove', task: 't', driver: 'raw_exec' },
  )
  await bench.settle()
  assert.deepEqual([bench.driver.calls, artifacts.released], [[], []])
  artifacts.end(ok(task))
  await bench.settle()
  assert.deepEqual([bench.driver.calls, artifacts.released], [['start t', 'stop t'], ['t']])
  await bench.loop.stop()
})

test('what cannot be placed is not started, and the core hears why; nor what is placed when the agent has ended', async () => {
  for (const [isOver, code] of [
    [false, 'E_ARTIFACT'],
    [true, undefined],
  ] as const) {
    const artifacts = slowStore()
    const bench = await loopBench(() => [], undefined, undefined, artifacts)
    bench.run({ kind: 'start', task })
    await bench.settle()
    if (isOver) await bench.loop.stop()
    artifacts.end(isOver ? ok(task) : refuse('E_ARTIFACT', 'it is damaged'))
    await bench.settle()
    assert.equal(bench.driver.calls.includes('start t'), false)
    const told = bench.events.find((event) => event.kind === 'started')
    assert.equal(told?.outcome.ok === false ? told.outcome.code : undefined, code)
    if (!isOver) await bench.loop.stop()
  }
})
