// What an agent looks at when it is examined: names from a server that answers, knows nothing or is silent; addresses; what the kernel says.

import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { lookUpName, readHalfOpen, readMemory, readRoom, tryTcp } from '../../../../node/adapters/surroundings.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-surroundings-'))

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const noHosts = file('no-hosts', '')

/** A name server: `answer` makes the reply of a question, null for none. */
async function withServer(answer: (question: Buffer) => Buffer | null, work: (server: string) => Promise<void>): Promise<void> {
  const socket = createSocket('udp4')
  socket.on('message', (question, { port, address }) => {
    const reply = answer(question)
    if (reply !== null) socket.send(reply, port, address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  await work(`127.0.0.1:${socket.address().port}`)
  socket.close()
}

/** The question as it came, as a reply with this code and the address 192.0.2.7 for questions of type A. */
function reply(question: Buffer, code: number): Buffer {
  const isA = question.readUInt16BE(question.indexOf(0, 12) + 1) === 1
  const end = question.indexOf(0, 12) + 5
  const head = Buffer.from(question.subarray(0, end))
  head.writeUInt16BE(0x8180 | code, 2)
  head.writeUInt16BE(code === 0 && isA ? 1 : 0, 6)
  head.writeUInt32BE(0, 8)
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7])
  return code === 0 && isA ? Buffer.concat([head, record]) : head
}

test('a name that is known, one that is not, and a server that is silent', async () => {
  await withServer(
    (question) => reply(question, 0),
    async (server) => {
      const seen = await lookUpName('board.example', { withinMs: 5_000, servers: [server], hostsFile: noHosts })
      assert.deepEqual([seen.outcome, seen.addresses], ['answers', ['192.0.2.7']])
    },
  )
  await withServer(
    (question) => reply(question, 3),
    async (server) => {
      const seen = await lookUpName('board.example', { withinMs: 5_000, servers: [server], hostsFile: noHosts })
      assert.deepEqual([seen.outcome, seen.addresses], ['nothing', []])
    },
  )
  await withServer(
    () => null,
    async (server) => {
      const seen = await lookUpName('board.example', { withinMs: 300, servers: [server], hostsFile: noHosts })
      assert.deepEqual([seen.outcome, seen.addresses], ['hangs', []])
    },
  )
})

test('the hosts file comes before any server', async () => {
  const hostsFile = file('hosts', '# names\n10.1.2.3 other board.example # here\n')
  const seen = await lookUpName('board.example', { withinMs: 300, servers: ['127.0.0.1:1'], hostsFile })
  assert.deepEqual([seen.outcome, seen.addresses], ['answers', ['10.1.2.3']])
})

test('an address that takes connections, and one that refuses them', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  assert.equal(await tryTcp('127.0.0.1', port, 10_000), 'yes')
  server.close()
  await once(server, 'close')
  assert.equal(await tryTcp('127.0.0.1', port, 10_000), 'refused')
  assert.equal(await tryTcp('localhost', port, 10_000), null)
  assert.equal(await tryTcp('127.0.0.1', 99_999, 10_000), null)
})

test('memory and disk, where the system says something, and where it does not', async () => {
  const memory = await readMemory(file('meminfo', 'MemTotal:  1024000 kB\nMemFree:  10240 kB\nMemAvailable:  204800 kB\n'))
  assert.deepEqual([memory?.availableMib, memory?.totalMib], [200, 1_000])
  assert.equal(await readMemory(join(folder, 'none')), null)
  assert.ok((await readRoom(folder))!.totalMib > 0)
  assert.equal(await readRoom(join(folder, 'none')), null)
})

test('connections that have only begun, by their hosts', async () => {
  const head = '  sl  local_address rem_address   st tx_queue\n'
  const tcp = file('tcp', `${head}   0: 0100007F:1D0C 030200C0:9C40 03 0:0\n   1: 0100007F:1D0C 040200C0:9C40 01 0:0\n`)
  const tcp6 = file(
    'tcp6',
    `${head}   0: 0:1 0000000000000000FFFF0000050200C0:9C40 03 0:0\n   1: 0:1 B80D0120000000000000000001000000:9C40 03 0:0\n`,
  )
  const files = [tcp, tcp6, join(folder, 'none')]
  const boards = ['192.0.2.3', '192.0.2.4', '192.0.2.5', '2001:db8::1']
  const ports = new Set([0x1d_0c, 1])
  assert.deepEqual(await readHalfOpen({ ports, hosts: new Set(boards), files }), ['192.0.2.3', '192.0.2.5', '2001:db8::1'])
  // What comes to another program, or from nobody of the fleet, is left out.
  assert.deepEqual(await readHalfOpen({ ports: new Set([1]), hosts: new Set(boards.slice(0, 3)), files }), ['192.0.2.5'])
  const row = '   0: 0100007F:1D0C 030200C0:9C40 03 0:0\n'
  const flood = file('flood', head + row.repeat(40_000))
  assert.deepEqual(await readHalfOpen({ ports, hosts: new Set(boards), files: [flood] }), [])
})
