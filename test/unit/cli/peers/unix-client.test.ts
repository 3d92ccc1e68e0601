// The board's own socket, against a real HTTP server: lines that come in pieces, refusals, nobody there.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { type Server, type ServerResponse, createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'

import { connect } from '../../../../cli/peers/connect.ts'

let dir = ''
let server: Server
let path = ''
let answer: (body: string, response: ServerResponse) => void

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'shoal-sock-'))
  path = join(dir, 's')
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (part: Buffer) => (body += part.toString()))
    request.on('end', () => answer(body, response))
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
})

afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(dir, { recursive: true })
})

async function ask(peers: readonly string[]): Promise<string[]> {
  const client = await connect({ peers, context: null, timeoutMs: 5000 })
  const found: string[] = []
  for await (const frame of client.request(new TextEncoder().encode('{"method":"status"}'))) found.push(new TextDecoder().decode(frame))
  return found
}

describe('the unix client', () => {
  it('puts lines together, whatever pieces they come in, and skips sockets where nobody listens', async () => {
    answer = (_, response) => {
      response.write('{"a":')
      response.write('1}\n{"b":2}\n{"c"')
      response.end(':3}')
    }
    assert.deepEqual(await ask([`unix:${join(dir, 'nobody')}`, `unix:${path}`]), ['{"a":1}', '{"b":2}', '{"c":3}'])
  })

  it('says that no peer serves', async () => {
    await assert.rejects(ask([`unix:${join(dir, 'nobody')}`]), {
      code: 'E_UNREACHABLE',
      message: /no peer serves: unix:.*nobody does not answer/,
    })
  })

  it('tells a refusal from an answer', async () => {
    answer = (_, response) => {
      response.statusCode = 404
      response.end()
    }
    await assert.rejects(ask([`unix:${path}`]), { code: 'E_HTTP' })
  })
})
