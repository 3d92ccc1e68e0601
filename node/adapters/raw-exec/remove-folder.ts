// Removes a task's folder with all that the task has put into it. The task's user may have other tasks that change it meanwhile, and the agent
// may be root: so each folder is held open while what is in it is removed, by its own name, and no link is followed. What is in a folder
// that is not empty moves up next to it: however deep they lie within one another, two are open at a time.

import { closeSync } from 'node:fs'
import { readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { openFolder, pathOf } from './held-folder.ts'

/** Each goes down by one level. Far deeper than programs make them; who puts more in, for as long as this goes on, must not hold it up for ever. */
const roundsMax = 10_000

/** `path`: a folder of the agent's own, whose entries are no task's to name. Throws what the system says. */
export async function removeFolder(path: string): Promise<void> {
  if (await isGone(path)) return
  const root = openFolder(path)
  try {
    const moved = { count: 0 }
    for (let round = 0; round < roundsMax; round++) {
      const names = await readdir(pathOf(root), { encoding: 'buffer' })
      if (names.length === 0) break
      for (const name of names) await removeEntry(root, name, moved)
    }
  } finally {
    closeSync(root)
  }
  await rmdir(path)
}

async function removeEntry(root: number, name: Buffer, moved: { count: number }): Promise<void> {
  const path = inside(root, name)
  if (await isGone(path)) return
  const folder = openFolder(path)
  try {
    for (const child of await readdir(pathOf(folder), { encoding: 'buffer' })) {
      const from = inside(folder, child)
      if (!(await isGone(from))) await moveUp(from, root, moved)
    }
  } finally {
    closeSync(folder)
  }
  await isGone(path)
}

async function moveUp(from: Buffer, root: number, moved: { count: number }): Promise<void> {
  for (;;) {
    try {
      return await rename(from, inside(root, Buffer.from(`.going~${(moved.count += 1)}`)))
    } catch (error) {
      const code = codeOf(error)
      if (code === 'ENOENT') return
      // Left by an agent that was ended meanwhile.
      if (!isTaken(code)) throw error
    }
  }
}

/** Names may be any bytes. */
function inside(folder: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${pathOf(folder)}/`), name])
}

/** False: it is a folder, and not empty. One on which somebody has mounted something is busy, and ends it all. */
async function isGone(path: string | Buffer): Promise<boolean> {
  try {
    await unlink(path)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return true
    if (code !== 'EISDIR' && code !== 'EPERM') throw error
  }
  try {
    await rmdir(path)
    return true
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT') return true
    if (!isTaken(code)) throw error
    return false
  }
}

function isTaken(code: string | undefined): boolean {
  return code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR'
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}
