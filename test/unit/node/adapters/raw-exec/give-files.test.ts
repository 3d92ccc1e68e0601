// What a task has put into its folder, to have the agent write elsewhere, and what a reader sees of a file that is replaced.

import assert from 'node:assert/strict'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { giveFiles } from '../../../../../node/adapters/raw-exec/give-files.ts'
import { type TaskFile, taskDirMark } from '../../../../../node/core/ports.ts'

let base: string
let work: string
let outside: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'shoal-files-'))
  work = join(base, 'work')
  outside = join(base, 'outside')
  mkdirSync(work)
  mkdirSync(outside)
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

const file = (path: string, text = 'new', mode = 0o644): TaskFile => ({ kind: 'template', path, text, mode })
const give = (...files: readonly TaskFile[]): void => giveFiles(work, files, '/told')
const read = (path: string): string => readFileSync(join(work, path), 'utf8')

test('files of any depth, with their permissions, their folder as the task is told, and nothing else beside them', () => {
  give(file('a'), file('b/c/d.conf', `in ${taskDirMark}`, 0o600), { kind: 'payload', path: 'p', base64: btoa('given') })
  assert.deepEqual([read('a'), read('b/c/d.conf'), read('p')], ['new', 'in /told', 'given'])
  const modes = ['a', 'b/c/d.conf', 'p', 'b', 'b/c'].map((path) => statSync(join(work, path)).mode & 0o777)
  assert.deepEqual(modes, [0o644, 0o600, 0o600, 0o755, 0o755])
  assert.deepEqual([readdirSync(work).sort(), readdirSync(join(work, 'b/c'))], [['a', 'b', 'p'], ['d.conf']])
})

test('a link in the place of a file is replaced, not followed', () => {
  writeFileSync(join(outside, 'target'), 'old')
  symlinkSync(join(outside, 'target'), join(work, 'a'))
  give(file('a'))
  assert.deepEqual([readFileSync(join(outside, 'target'), 'utf8'), read('a')], ['old', 'new'])
})

test('a link in the place of a folder is replaced, not followed', () => {
  symlinkSync(outside, join(work, 'etc'))
  mkdirSync(join(work, 'b'))
  symlinkSync(outside, join(work, 'b/etc'))
  give(file('etc/a'), file('b/etc/a'))
  assert.deepEqual([readdirSync(outside), read('etc/a'), read('b/etc/a')], [[], 'new', 'new'])
})

test('a link under the name of the next file is not followed', () => {
  writeFileSync(join(outside, 'target'), 'old')
  symlinkSync(join(outside, 'target'), join(work, '.new~a'))
  give(file('a'))
  assert.deepEqual([readFileSync(join(outside, 'target'), 'utf8'), read('a'), existsSync(join(work, '.new~a'))], ['old', 'new', false])
})

test('a file in the place of a folder makes way; a folder in the place of a file stays with all that is in it, and is said to be there', () => {
  writeFileSync(join(work, 'etc'), 'x')
  give(file('etc/a'))
  assert.equal(read('etc/a'), 'new')
  for (const folder of ['a', '.new~a']) {
    mkdirSync(join(work, folder, 'b'), { recursive: true })
    assert.throws(() => give(file('a')), /EISDIR|directory/)
    assert.deepEqual([readdirSync(join(work, folder)), existsSync(join(work, '.new~a'))], [['b'], folder !== 'a'])
    rmSync(join(work, folder), { recursive: true })
  }
})

test('who reads a file while it is replaced reads the former one to its end', () => {
  give(file('a', 'old '.repeat(1_000)))
  const open = openSync(join(work, 'a'), 'r')
  give(file('a', 'new'))
  assert.equal(readFileSync(open, 'utf8'), 'old '.repeat(1_000))
  closeSync(open)
  assert.equal(read('a'), 'new')
})

test('files and folders belong to whom the task runs as', () => {
  const isRoot = process.getuid?.() === 0
  if (isRoot) chownSync(work, 1234, 1234)
  give(file('b/a'))
  const owners = ['b', 'b/a'].map((path) => statSync(join(work, path)).uid)
  assert.deepEqual(owners, isRoot ? [1234, 1234] : [process.getuid?.(), process.getuid?.()])
})
