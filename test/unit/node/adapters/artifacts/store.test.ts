// Artifacts on a board: each fetched once, whole and as it was signed, gone on with after a cut, and making room for one another.

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { configDefaults } from '../../../../../crdt/documents/defaults.ts'
import { type ArtifactOptions, createArtifactStore } from '../../../../../node/adapters/artifacts/store.ts'
import type { ArtifactFile, ArtifactStore, TaskRequest } from '../../../../../node/core/ports.ts'
import { taskRequest } from '../../../../acceptance/driver-harness.ts'
import { type FileServer, fileServer, sendFile, sha256Of } from '../../../../support/artifacts.ts'

let server: FileServer
let folder: string

before(async () => {
  server = await fileServer()
})
after(async () => await server.close())
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'shoal-artifacts-')), 'artifacts')
  server.files.clear()
  server.asked.length = 0
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

const mib = 1024 * 1024
const open = (options: Partial<ArtifactOptions> = {}): ArtifactStore =>
  createArtifactStore({ folder, bytesMax: 100 * mib, sources: null, ...options })

/** A task with these files of the server, named by what they are to hold. */
function asking(files: Readonly<Record<string, Buffer>>): TaskRequest {
  const asked = taskRequest({ driver: 'raw_exec', config: configDefaults })
  const all = Object.entries(files).map(([path, bytes]): ArtifactFile => ({
    kind: 'artifact',
    path,
    mode: 0o755,
    source: `${server.url}/${path}`,
    sha256: sha256Of(bytes),
  }))
  return { ...asked, files: all }
}

function serve(path: string, bytes: Buffer): Buffer {
  server.files.set(`/${path}`, bytes)
  return bytes
}

const get = (store: ArtifactStore, asked: TaskRequest, signal = new AbortController().signal) => store.fetch(asked, () => undefined, signal)
const kept = (): string[] => (existsSync(folder) ? readdirSync(folder).sort() : [])

test('fetched once for all tasks that name it, and placed where its bytes are; a task without any asks nobody', async () => {
  const bytes = serve('a', Buffer.from('a program'))
  const store = open()
  const [one, other] = [asking({ a: bytes }), asking({ a: bytes })]
  assert.deepEqual(await Promise.all([get(store, one), get(store, other)]), [
    { ok: true, value: undefined },
    { ok: true, value: undefined },
  ])
  assert.deepEqual(server.asked, ['GET /a'])
  const placed = await store.place(other)
  assert.ok(placed.ok)
  const [file] = placed.value.files as [ArtifactFile]
  assert.equal(readFileSync(file.stored!, 'utf8'), 'a program')
  // A new agent, and no link any more.
  server.files.clear()
  assert.equal((await get(open(), other)).ok, true)
  const none = { ...asking({}), files: [] }
  assert.deepEqual([(await get(store, none)).ok, await store.place(none)], [true, { ok: true, value: none }])
})

test('what had come when the link went is gone on with, and told how far it is', async () => {
  const bytes = Buffer.alloc(2 * mib, 'x')
  server.files.set('/a', (request, response) => {
    response.writeHead(200, { 'content-length': bytes.length })
    response.write(bytes.subarray(0, mib), () => request.socket.destroy())
  })
  const store = open()
  const asked = asking({ a: bytes })
  const broken = await get(store, asked)
  assert.ok(!broken.ok && broken.code === 'E_ARTIFACT', JSON.stringify(broken))
  serve('a', bytes)
  const told: string[] = []
  assert.deepEqual(await store.fetch(asked, (words) => void told.push(words), new AbortController().signal), { ok: true, value: undefined })
  const [, rest = ''] = server.asked
  assert.match(rest, /^GET \/a bytes=[1-9]\d*-$/)
  assert.match(told[0] ?? '', /^fetching http:\S+\/a: \d\.\d of 2\.0 MiB$/)
  assert.equal((await store.place(asked)).ok, true)
})

test('a server that starts anew instead, or has a shorter file now, spoils nothing', async () => {
  const bytes = serve('a', Buffer.from('0123456789'))
  const asked = asking({ a: bytes })
  const part = (text: string): void => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder)
    writeFileSync(join(folder, `${sha256Of(bytes)}.part`), text)
  }
  part('01234')
  server.files.set('/a', (_, response) => sendFile(bytes, undefined, response))
  assert.equal((await get(open(), asked)).ok, true)
  part('a far longer beginning')
  serve('a', bytes)
  const first = await get(open(), asked)
  assert.ok(!first.ok && /another file/.test(first.message))
  assert.equal((await get(open(), asked)).ok, true)
  // All of it had come, and the agent was killed before it had its name.
  part('0123456789')
  assert.equal((await get(open(), asked)).ok, true)
  // A portal's page does not spoil what had come.
  part('01234')
  server.files.set('/a', (_, response) => sendFile(Buffer.from('<html>'), undefined, response))
  assert.equal((await get(open(), asked)).ok, false)
  server.asked.length = 0
  serve('a', bytes)
  assert.equal((await get(open(), asked)).ok, true)
  assert.deepEqual(server.asked, ['GET /a bytes=5-'])
  assert.deepEqual(kept(), [sha256Of(bytes)])
  // A beginning of something else is found out by the checksum, and not gone on with.
  part('abcde')
  const wrong = await get(open(), asked)
  assert.ok(!wrong.ok && wrong.code === 'E_ARTIFACT' && /another file: its sha256 is/.test(wrong.message))
  assert.deepEqual(kept(), [])
  assert.equal((await get(open(), asked)).ok, true)
})

test('a page of a captive portal is not the file, and is tried again; a file that is nowhere is said so', async () => {
  const bytes = Buffer.from('program')
  serve('a', Buffer.from('<html>Please log in</html>'))
  const asked = asking({ a: bytes })
  const portal = await get(open(), asked)
  assert.ok(!portal.ok && portal.code === 'E_ARTIFACT' && portal.message.includes(sha256Of(bytes)), JSON.stringify(portal))
  server.files.clear()
  const gone = await get(open(), asked)
  assert.ok(!gone.ok && gone.code === 'E_ARTIFACT_MISSING' && /HTTP 404/.test(gone.message), JSON.stringify(gone))
  server.files.set('/a', (_, response) => void response.writeHead(503).end())
  const busy = await get(open(), asked)
  assert.ok(!busy.ok && busy.code === 'E_ARTIFACT' && /HTTP 503/.test(busy.message))
  const none = await get(open(), { ...asked, files: [{ ...(asked.files![0] as ArtifactFile), source: 'http://127.0.0.1:1/a' }] })
  assert.ok(!none.ok && none.code === 'E_ARTIFACT' && /ECONNREFUSED|bad port/.test(none.message), JSON.stringify(none))
  assert.deepEqual(
    kept().filter((name) => !name.endsWith('.part')),
    [],
  )
})

test('the owner of the board says who may be asked, also where one is sent on to', async () => {
  const bytes = serve('files/a', Buffer.from('a'))
  server.files.set('/elsewhere', (_, response) => void response.writeHead(302, { location: '/files/a' }).end())
  server.files.set('/files/out', (_, response) => void response.writeHead(307, { location: '/elsewhere' }).end())
  server.files.set('/files/round', (_, response) => void response.writeHead(301, { location: '/files/round' }).end())
  const from = (path: string): TaskRequest => {
    const asked = asking({ a: bytes })
    return { ...asked, files: [{ ...(asked.files![0] as ArtifactFile), source: `${server.url}${path}` }] }
  }
  const store = open({ sources: [`${server.url}/files/`] })
  const refused = await get(store, from('/elsewhere'))
  assert.ok(!refused.ok && refused.code === 'E_CONFIG' && /artifacts\.sources/.test(refused.message))
  assert.deepEqual(server.asked, [])
  const sent = await get(store, from('/files/out'))
  assert.ok(!sent.ok && /sent on to \S+\/elsewhere, which this board/.test(sent.message), JSON.stringify(sent))
  const round = await get(store, from('/files/round'))
  assert.ok(!round.ok && /more than 5 times/.test(round.message))
  const climbing = await get(store, from('/files/../elsewhere'))
  assert.ok(!climbing.ok && climbing.code === 'E_CONFIG')
  assert.equal((await get(open(), from('/elsewhere'))).ok, true)
  const odd = await get(open(), { ...from('/'), files: [{ ...(from('/').files![0] as ArtifactFile), source: 'file:///etc/passwd' }] })
  assert.ok(!odd.ok && odd.code === 'E_CONFIG')
})

test('for a new one the longest unused that no task needs makes room; one that is too large is refused before it is fetched', async () => {
  const made = (letter: string, size: number): Buffer => serve(letter, Buffer.alloc(size, letter))
  const [a, b, c] = [made('a', mib), made('b', mib), made('c', mib)]
  const store = open({ bytesMax: 2.5 * mib })
  const [first, second, third] = [asking({ a }), asking({ b }), asking({ c })]
  for (const asked of [first, second]) assert.equal((await get(store, asked)).ok, true)
  const full = await get(store, third)
  assert.ok(
    !full.ok && full.code === 'E_ARTIFACT' && /of 1 MiB was not fetched: this board has 0 MiB/.test(full.message),
    JSON.stringify(full),
  )
  for (const asked of [first, second]) store.release(asked.id)
  utimesSync(join(folder, sha256Of(a)), 1, 1)
  utimesSync(join(folder, sha256Of(b)), 2, 2)
  // It starts again: that is a use.
  assert.equal((await store.place(first)).ok, true)
  store.release(first.id)
  assert.equal((await get(store, third)).ok, true)
  assert.deepEqual(kept(), [sha256Of(a), sha256Of(c)].sort())
  const gone = await store.place(second)
  assert.ok(!gone.ok && gone.code === 'E_ARTIFACT' && /is not on this board's disk/.test(gone.message))
  const large = await get(open({ bytesMax: mib / 2 }), asking({ b }))
  assert.ok(!large.ok && large.code === 'E_ARTIFACT')
  // A server that says no size is believed as far as there is room.
  server.files.set('/b', (_, response) => void response.writeHead(200).end(b))
  const unsaid = await get(open({ bytesMax: mib / 2 }), asking({ b }))
  assert.ok(!unsaid.ok && /is larger than/.test(unsaid.message), JSON.stringify(unsaid))
})

test('a file that the disk has damaged is not given to any task, and is fetched again', async () => {
  const bytes = serve('a', Buffer.from('a program'))
  const store = open()
  const asked = asking({ a: bytes })
  await get(store, asked)
  writeFileSync(join(folder, sha256Of(bytes)), 'a programm')
  const damaged = await store.place(asked)
  assert.ok(!damaged.ok && damaged.code === 'E_ARTIFACT' && /damaged/.test(damaged.message))
  assert.equal((await get(store, asked)).ok, true)
  assert.equal((await store.place(asked)).ok, true)
})

test('who gives up hears so at once, and the next one is not held up', async () => {
  const bytes = Buffer.from('slow')
  const began = new Promise<void>((resolve) => server.files.set('/a', () => resolve()))
  const store = open()
  const control = new AbortController()
  const [one, other] = [asking({ a: bytes }), asking({ a: bytes })]
  const waiting = get(store, one, control.signal)
  await began
  serve('a', bytes)
  control.abort()
  const cancelled = await waiting
  assert.ok(!cancelled.ok && cancelled.code === 'E_ARTIFACT' && /cancelled/.test(cancelled.message))
  assert.equal((await get(store, other)).ok, true)
})
