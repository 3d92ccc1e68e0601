import assert from 'node:assert/strict'
import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { logPieces, rotateLog } from '../../../../../node/adapters/raw-exec/log-files.ts'
import { readLog } from '../../../../../node/adapters/raw-exec/log-reader.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'shoal-logs-'))
  path = join(folder, 'stdout.log')
  writeFileSync(path, '')
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const limits = { maxFiles: 3, maxFileBytes: 10 }
const never = new AbortController().signal

async function read(tailBytes: number | null = null): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of readLog(path, { stream: 'stdout', follow: false, tailBytes, signal: never }, () => false)) parts.push(part)
  return Buffer.concat(parts).toString()
}

test('a file below its size stays as it is', async () => {
  appendFileSync(path, '012345678')
  await rotateLog(path, limits)
  assert.deepEqual(readdirSync(folder), ['stdout.log'])
})

test('rotation keeps order, number and size of the files', async () => {
  for (const text of ['aaaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc', 'dddddddddd', 'ee']) {
    appendFileSync(path, text)
    await rotateLog(path, limits)
  }
  assert.deepEqual(readdirSync(folder).sort(), ['stdout.log', 'stdout.log.0000000000000020', 'stdout.log.0000000000000030'])
  assert.equal(await read(), 'ccccccccccddddddddddee')
  assert.equal(await read(5), 'dddee')
  assert.equal(await read(1_000), 'ccccccccccddddddddddee')
})

test('what piled up while no agent ran is cut into files, the newest kept', async () => {
  appendFileSync(path, Array.from({ length: 100 }, (_, i) => `${i}`.padStart(4, '0')).join(''))
  await rotateLog(path, limits)
  assert.equal(statSync(path).size, 0)
  assert.equal(await read(), '00950096009700980099')
  assert.ok(logPieces(path).every((piece) => piece.bytes <= limits.maxFileBytes))
})

test('one file only: it is emptied, and positions go on', async () => {
  appendFileSync(path, 'aaaaaaaaaaaa')
  await rotateLog(path, { ...limits, maxFiles: 1 })
  appendFileSync(path, 'bb')
  assert.equal(await read(), 'bb')
  assert.equal(logPieces(path).at(-1)?.start, 12)
})

test('a reader that follows loses and repeats nothing when the file is rotated', async () => {
  const enough = new AbortController()
  const reading = readLog(path, { stream: 'stdout', follow: true, tailBytes: null, signal: enough.signal }, () => true)
  const next = async (): Promise<string> => Buffer.from((await reading.next()).value ?? []).toString()
  appendFileSync(path, 'aaaaaa')
  assert.equal(await next(), 'aaaaaa')
  appendFileSync(path, 'bbbbbb')
  await rotateLog(path, limits)
  appendFileSync(path, 'cc')
  assert.equal(await next(), 'bbbbbb')
  assert.equal(await next(), 'cc')
  const pending = reading.next()
  enough.abort()
  assert.equal((await pending).done, true)
})

test('a reader whose place was dropped goes on with the oldest that is left', async () => {
  const reading = readLog(path, { stream: 'stdout', follow: true, tailBytes: null, signal: never }, () => false)
  appendFileSync(path, 'a')
  await reading.next()
  for (const text of ['aaaaaaaaa', 'bbbbbbbbbb', 'cccccccccc', 'dddddddddd']) {
    appendFileSync(path, text)
    await rotateLog(path, limits)
  }
  assert.equal(Buffer.from((await reading.next()).value ?? []).toString(), 'cccccccccc')
})

test('half-made copies of an interrupted rotation are cleared away', async () => {
  writeFileSync(`${path}.part0`, 'half')
  appendFileSync(path, 'aaaaaaaaaa')
  await rotateLog(path, limits)
  assert.deepEqual(readdirSync(folder).sort(), ['stdout.log', 'stdout.log.0000000000000000'])
})
