// A task's folder is removed whole, and nothing outside of it is, whatever another task of the same user does to it meanwhile.

import assert from 'node:assert/strict'
import { closeSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { openFolder, pathOf } from '../../../../../node/adapters/raw-exec/held-folder.ts'
import { removeFolder } from '../../../../../node/adapters/raw-exec/remove-folder.ts'

let base: string
let root: string
let work: string
let outside: string

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'shoal-removed-'))
  root = join(base, 'task')
  work = join(root, 'work')
  outside = join(base, 'outside')
  mkdirSync(work, { recursive: true })
  mkdirSync(outside)
})

afterEach(() => rmSync(base, { recursive: true, force: true }))

/** Nothing can be put into a folder that is gone. */
function trySymlink(path: string): void {
  try {
    symlinkSync(outside, path)
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOENT')
  }
}

test('a folder that is swapped for a link while it is emptied leads nowhere', async () => {
  // So many that the swap finds it half empty.
  const names = Array.from({ length: 500 }, (_, number) => `f${number}`)
  const folder = join(work, 'd')
  mkdirSync(folder)
  for (const name of names) for (const where of [folder, outside]) writeFileSync(join(where, name), '')
  // As a task that has entered both, wherever they are by now.
  const [inWork, inFolder] = [openFolder(work), openFolder(folder)]
  const state = { isOver: false }
  const removal = removeFolder(root).finally(() => (state.isOver = true))
  const isHalf = (): boolean => readdirSync(pathOf(inFolder)).length < names.length
  while (!state.isOver && !isHalf()) await turn()
  assert.equal(state.isOver, false)
  // Where it was; this removal has taken it away from there before it emptied it.
  if (existsSync(folder)) renameSync(folder, join(base, 'kept'))
  for (const held of [inWork, inFolder]) trySymlink(join(pathOf(held), 'd'))
  await removal.catch(() => undefined)
  for (const held of [inWork, inFolder]) closeSync(held)
  assert.equal(readdirSync(outside).length, names.length)
})

test('links, deep folders, names that are no text and what an earlier removal has left all go; what a link leads to stays', async () => {
  writeFileSync(join(outside, 'target'), 'old')
  symlinkSync(outside, join(work, 'folder'))
  symlinkSync(join(outside, 'target'), join(work, 'file'))
  symlinkSync('nowhere', join(work, 'dangling'))
  writeFileSync(Buffer.concat([Buffer.from(`${work}/`), Buffer.from([0xff, 0xfe])]), '')
  for (const left of ['.going~1', '.going~2']) mkdirSync(join(root, left, 'x'), { recursive: true })
  writeFileSync(join(root, '.going~3'), '')
  mkdirSync(join(work, ...Array.from({ length: 200 }, () => 'd')), { recursive: true })
  mkdirSync(join(work, 'empty'))
  await removeFolder(root)
  assert.deepEqual([existsSync(root), readdirSync(outside)], [false, ['target']])
  await removeFolder(root)
})
