// The suite of check runners against the real one, with sockets of this machine and plain processes; and what only that one can show.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { refuse } from '../../crdt/errors.ts'
import { createCheckRunner } from '../../node/adapters/checks/runner.ts'
import { createRawExecDriver } from '../../node/adapters/raw-exec/driver.ts'
import { silentLog } from '../../node/adapters/task/log.ts'
import { checkOutputBytesMax } from '../../node/core/ports.ts'
import { type Behaviour, type CheckHarness, acceptChecks, checkOf } from './check-suite.ts'
import { processesWith, taskRequest, testNode, until } from './driver-harness.ts'

const scripts: Readonly<Record<Behaviour, string>> = { passes: 'echo well', fails: 'echo unwell; exit 2', hangs: 'sleep 600' }
const config = { command: '/bin/sleep', args: ['600'], volumes: [], privileged: false, readOnlyRoot: false }

function answerAs(behaviour: Behaviour): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    if (behaviour !== 'hangs') response.writeHead(behaviour === 'passes' ? 204 : 503).end()
  }
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    if (server.listening) await new Promise((done) => server.close(done))
  }
  return { port: (server.address() as AddressInfo).port, close }
}

async function harnessOf(): Promise<CheckHarness> {
  const dataDir = mkdtempSync(join(tmpdir(), 'shoal-checks-'))
  const driver = createRawExecDriver({ node: testNode, dataDir, log: silentLog })
  const undo: (() => Promise<void>)[] = []
  return {
    runner: (allowsExec) => createCheckRunner({ allowsExec, drivers: [driver] }),
    async request(type, behaviour, timeoutMs) {
      const task = taskRequest({ driver: 'raw_exec', config })
      if (type === 'exec') {
        assert.ok((await driver.start(task)).ok)
        undo.push(async () => await driver.remove(task.id))
        return { id: 'q', task, check: checkOf(type, timeoutMs, ['/bin/sh', '-c', scripts[behaviour]]), port: null }
      }
      const server = await listen(answerAs(behaviour))
      undo.push(server.close)
      if (type === 'tcp' && behaviour === 'fails') await server.close()
      return { id: 'q', task, check: checkOf(type, timeoutMs), port: server.port }
    },
    end: async () => {
      for (const act of undo) await act()
    },
    async ask(runner, request) {
      const began = performance.now()
      const outcome = await runner.run(request)
      return { outcome, tookMs: performance.now() - began }
    },
    async close() {
      for (const act of undo) await act()
      await driver.close()
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

acceptChecks(harnessOf)

async function askHttp(answer: (request: IncomingMessage, response: ServerResponse) => void, wishes: object = {}) {
  const server = await listen(answer)
  try {
    const task = taskRequest({ driver: 'raw_exec', config })
    const check = { ...checkOf('http', 20_000), ...wishes }
    return await createCheckRunner({ allowsExec: false, drivers: [] }).run({ id: 'q', task, check, port: server.port })
  } finally {
    await server.close()
  }
}

test('method, path, headers and body arrive as the job says', async () => {
  const seen: string[] = []
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${String(request.headers['x-from'])} ${body}`)
      response.end('fine')
    })
  }
  const { result, output } = await askHttp(answer, {
    method: 'POST',
    path: '/health?deep=1',
    headers: { 'X-From': 'shoal' },
    body: '{"a":1}',
  })
  assert.deepEqual([seen, result, output], [['POST /health?deep=1 shoal {"a":1}'], 'passed', 'HTTP 200 OK: fine'])
})

for (const [status, result] of [
  [200, 'passed'],
  [299, 'passed'],
  [301, 'failed'],
  [404, 'failed'],
  [500, 'failed'],
] as const) {
  test(`status ${status}: ${result}, and nobody follows it anywhere`, async () => {
    let asked = 0
    const told = await askHttp((request, response) => {
      asked += 1
      response.writeHead(status, { location: `http://${request.headers.host}/elsewhere` }).end()
    })
    assert.deepEqual([told.result, asked], [result, 1])
    assert.match(told.output, new RegExp(`^HTTP ${status}`))
  })
}

test('an answer without end is cut and judged by its status', async () => {
  const { result, output } = await askHttp((_request, response) => {
    const pour = (): void => void (response.destroyed || (response.write('☃'.repeat(1_000)), setImmediate(pour)))
    pour()
  })
  assert.equal(result, 'passed')
  const bytes = Buffer.byteLength(output)
  assert.ok(bytes <= checkOutputBytesMax && bytes > checkOutputBytesMax - 50, `${bytes}`)
  assert.doesNotMatch(output, /\ufffd$/)
})

test('a program that this board has not is refused, so that another board is tried', async () => {
  const harness = await harnessOf()
  try {
    const request = await harness.request('exec', 'passes', 20_000)
    const outcome = await harness.runner(true).run({ ...request, check: checkOf('exec', 20_000, ['/no/such/probe']) })
    assert.equal(outcome.result, 'refused')
    assert.match(outcome.output, /\/no\/such\/probe/)
  } finally {
    await harness.close()
  }
})

test('an engine that is down says nothing of the task', async () => {
  const down = { name: 'docker', exec: async () => refuse('E_DRIVER_DOWN', 'no engine') } as const
  const task = taskRequest({ driver: 'docker', config })
  const request = { id: 'q', task, check: checkOf('exec', 1_000, ['/bin/true']), port: null }
  assert.equal((await createCheckRunner({ allowsExec: true, drivers: [down] }).run(request)).result, 'unknown')
})

test('a plain program that takes too long is gone, with what it started, while its task runs on', async () => {
  const harness = await harnessOf()
  try {
    const request = await harness.request('exec', 'passes', 20_000)
    const mark = `sleep 7${process.pid}`
    const check = checkOf('exec', 300, ['/bin/sh', '-c', `${mark} & ${mark}`])
    assert.equal((await harness.runner(true).run({ ...request, check })).result, 'failed')
    await until('nothing of it is left', () => processesWith(`7${process.pid}`) === 0)
    assert.equal((await harness.runner(true).run(request)).result, 'passed')
  } finally {
    await harness.close()
  }
})
