import assert from 'node:assert/strict'
import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'

import { type HttpDoor, openHttp } from '../../../../node/adapters/http.ts'
import { createMetrics } from '../../../../node/adapters/metrics.ts'
import type { ApiChannel } from '../../../../node/core/ports.ts'

const folder = await mkdtemp(join(tmpdir(), 'shoal-http-'))
const socketPath = join(folder, 'api.sock')
const metrics = createMetrics()
let door: HttpDoor
let serve: (channel: ApiChannel) => void = () => undefined

before(async () => {
  // A dead agent's socket file is in the way.
  const dead = createServer()
  await new Promise<void>((resolve) => dead.listen(`${socketPath}.old`, resolve))
  await rename(`${socketPath}.old`, socketPath)
  dead.close()
  door = await openHttp({
    socketPath,
    loopbackPort: 0,
    api: (channel) => serve(channel),
    health: () => ({ ok: true }),
    metrics: () => metrics.text(),
    log: { warn: () => undefined },
  })
})
after(async () => {
  await door.close()
  await rm(folder, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function ask(
  method: string,
  path: string,
  options: { body?: string | Buffer; headers?: Record<string, string>; tcp?: boolean } = {},
): Promise<Answer> {
  const where = options.tcp === true ? { host: '127.0.0.1', port: door.port } : { socketPath }
  return new Promise((resolve, reject) => {
    const sent = request({ ...where, method, path, headers: options.headers }, (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts).toString() }),
      )
    })
    sent.on('error', reject)
    sent.end(options.body)
  })
}

describe('HTTP door', () => {
  it('hands a request to the API and answers a line a reply', async () => {
    let asked = ''
    serve = (channel) => {
      asked = Buffer.from(channel.request).toString()
      assert.equal(channel.caller, null)
      void channel
        .send(Buffer.from('{"a":1}'))
        .then(() => channel.send(Buffer.from('{"b":2}')))
        .then(() => channel.end())
    }
    for (const tcp of [false, true]) {
      const answer = await ask('POST', '/v1/api', { body: '{"method":"status"}', tcp })
      assert.equal(asked, '{"method":"status"}')
      assert.deepEqual([answer.status, answer.headers['content-type'], answer.body], [200, 'application/x-ndjson', '{"a":1}\n{"b":2}\n'])
    }
  })

  it('tells when the caller goes away, and refuses to send then', async () => {
    const channel = await new Promise<ApiChannel>((resolve) => {
      serve = resolve
      const sent = request({ socketPath, method: 'POST', path: '/v1/api' })
      sent.on('error', () => undefined)
      sent.on('response', () => sent.destroy())
      sent.end('{}')
      serve = (opened) => {
        opened.signal.addEventListener('abort', () => resolve(opened))
        void opened.send(Buffer.from('{}'))
      }
    })
    await assert.rejects(channel.send(Buffer.from('{}')), /gone/)
  })

  it('shows health and metrics', async () => {
    metrics.step('tick', 3)
    metrics.watch(() => ({ nodes: 4 }))
    assert.deepEqual(JSON.parse((await ask('GET', '/v1/health')).body), { ok: true })
    const { body } = await ask('GET', '/metrics')
    assert.match(body, /shoal_step_seconds_count\{event="tick"\} 1/)
    assert.match(body, /^shoal_nodes 4$/m)
    await ask('GET', '/metrics')
  })

  it('is closed to pages in a browser: another origin, or a name that only points here', async () => {
    const evil = [
      { headers: { origin: 'https://evil.example' } },
      { headers: { host: 'evil.example' } },
      { headers: { host: 'evil.example:80', origin: 'null' } },
    ]
    for (const one of evil) assert.equal((await ask('POST', '/v1/api', { body: '{}', tcp: true, ...one })).status, 403)
    assert.equal((await ask('GET', '/v1/health', { tcp: true, headers: { host: `localhost:${door.port}` } })).status, 200)
  })

  it('refuses other paths, wrong methods and bodies without end', async () => {
    assert.equal((await ask('GET', '/')).status, 404)
    assert.equal((await ask('GET', '/v1/api')).status, 405)
    assert.equal((await ask('DELETE', '/metrics')).status, 405)
    assert.equal((await ask('POST', '/v1/api', { body: Buffer.alloc(9 * 1_024 * 1_024) })).status, 413)
  })

  it('takes no request of a page that hangs up at once for one of the socket', async () => {
    let served = 0
    serve = (channel) => {
      served++
      void channel.end()
    }
    const head = 'POST /v1/api HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nContent-Length: 2\r\n\r\n{}'
    for (let i = 0; i < 20; i++) {
      const socket = connect(door.port ?? 0, '127.0.0.1')
      await new Promise((resolve) => socket.once('connect', resolve))
      socket.write(head, () => socket.resetAndDestroy())
      await new Promise((resolve) => socket.once('close', resolve))
    }
    await ask('GET', '/v1/health', { tcp: true })
    assert.equal(served, 0)
  })

  it('never removes what is no socket', async () => {
    const path = join(folder, 'precious')
    await writeFile(path, 'data')
    const none = {
      loopbackPort: null,
      api: () => undefined,
      health: () => ({}),
      metrics: () => metrics.text(),
      log: { warn: () => undefined },
    }
    await assert.rejects(openHttp({ socketPath: path, ...none }), /is no socket/)
    assert.equal(await readFile(path, 'utf8'), 'data')
  })

  it('lets nobody but user and group open the socket', async () => {
    assert.equal((await stat(socketPath)).mode & 0o777, 0o660)
  })
})
