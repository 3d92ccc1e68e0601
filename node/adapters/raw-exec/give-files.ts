// Puts what a task is given into its folder. The folder is the task's own, and the agent may be root: so no link that the task has put there is
// followed, also not in the place of a folder. Each folder is held open while what is in it is named. A file appears whole, in one step.
// Artifacts may be large: they are copied while the agent goes on, and only where they are not there already, for the sake of the disk.

import { createHash } from 'node:crypto'
import {
  closeSync,
  constants,
  createReadStream,
  fchmodSync,
  fchownSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { TaskFile } from '../../core/ports.ts'
import { bytesOf } from '../task/task-dir.ts'
import { openFolder, pathOf } from './held-folder.ts'

/** `taskDir`: what the task is told that the folder is called. */
export function giveFiles(work: string, files: readonly TaskFile[], taskDir: string): void {
  if (files.length === 0) return
  const { uid, gid } = statSync(work)
  for (const file of files) {
    if (file.kind === 'artifact') continue
    const { parts, name } = placeOf(file)
    const folder = openBelow(work, parts, { uid, gid })
    try {
      const at = pathOf(folder)
      put(`${at}/${name}`, `${at}/.new~${name}`, { uid, gid }, file.kind === 'payload' ? 0o600 : file.mode, bytesOf(file, taskDir))
    } finally {
      closeSync(folder)
    }
  }
}

/** Those of the files that the board keeps, from where it keeps them. */
export async function giveArtifacts(work: string, files: readonly TaskFile[]): Promise<void> {
  for (const file of files) {
    if (file.kind !== 'artifact' || file.stored === undefined) continue
    const { uid, gid } = statSync(work)
    const { parts, name } = placeOf(file)
    const folder = openBelow(work, parts, { uid, gid })
    try {
      await copy(file.stored, pathOf(folder), name, { uid, gid, mode: file.mode, sha256: file.sha256 })
    } finally {
      closeSync(folder)
    }
  }
}

function placeOf({ path }: TaskFile): { readonly parts: readonly string[]; readonly name: string } {
  const parts = path.split('/')
  return { parts: parts.slice(0, -1), name: parts.at(-1) ?? '' }
}

/** As much as a card reads at a time. */
const chunkBytes = 256 * 1024

async function copy(
  stored: string,
  folder: string,
  name: string,
  { sha256, mode, ...owner }: Owner & { readonly mode: number; readonly sha256: string },
): Promise<void> {
  if (await isThere(`${folder}/${name}`, sha256, owner, mode)) return
  const fresh = `${folder}/.new~${name}`
  rmSync(fresh, { force: true })
  const file = await open(fresh, 'wx', 0o600)
  try {
    for await (const chunk of createReadStream(stored)) await file.writeFile(chunk as Buffer)
    await giveAway(file, owner, mode)
    renameSync(fresh, `${folder}/${name}`)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  } finally {
    await file.close()
  }
}

/** As it was copied before: then only whose it is, and who may run it, is set again. */
async function isThere(path: string, sha256: string, owner: Owner, mode: number): Promise<boolean> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null)
  if (file === null) return false
  try {
    const found = await file.stat()
    // Another name of the same file may be somebody else's.
    if (!found.isFile() || found.nlink > 1) return false
    const hash = createHash('sha256')
    for await (const chunk of chunksOf(file)) hash.update(chunk)
    if (hash.digest('hex') !== sha256) return false
    await giveAway(file, owner, mode)
    return true
  } finally {
    await file.close()
  }
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  const buffer = Buffer.allocUnsafe(chunkBytes)
  for (let at = 0; ;) {
    const { bytesRead } = await file.read(buffer, 0, chunkBytes, at)
    if (bytesRead === 0) return
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

async function giveAway(file: FileHandle, { uid, gid }: Owner, mode: number): Promise<void> {
  if (process.getuid?.() === 0) await file.chown(uid, gid)
  await file.chmod(mode)
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Whoever opens it closes it. */
function openBelow(root: string, parts: readonly string[], owner: Owner): number {
  let folder = openFolder(root)
  for (const part of parts) {
    try {
      const next = childFolder(`${pathOf(folder)}/${part}`, owner)
      closeSync(folder)
      folder = next
    } catch (error) {
      closeSync(folder)
      throw error
    }
  }
  return folder
}

function childFolder(path: string, owner: Owner): number {
  try {
    return openFolder(path)
  } catch {
    // Nothing is there, or what is no folder.
    rmSync(path, { force: true })
    mkdirSync(path, { mode: 0o755 })
    const folder = openFolder(path)
    own(folder, owner)
    return folder
  }
}

function put(path: string, fresh: string, owner: Owner, mode: number, bytes: Uint8Array): void {
  // Never with what is below it: the task could put a link in the place of a folder just then. A folder is its own, and is said to be there.
  rmSync(fresh, { force: true })
  const file = openSync(fresh, 'wx', 0o600)
  try {
    fill(file, owner, mode, bytes)
    renameSync(fresh, path)
  } catch (error) {
    // It would keep the room that is missing.
    rmSync(fresh, { force: true })
    throw error
  }
}

function fill(file: number, owner: Owner, mode: number, bytes: Uint8Array): void {
  try {
    writeFileSync(file, bytes)
    own(file, owner)
    fchmodSync(file, mode)
  } finally {
    closeSync(file)
  }
}

/** Only root may give away; any other agent's tasks are its own user's. */
function own(file: number, { uid, gid }: Owner): void {
  if (process.getuid?.() === 0) fchownSync(file, uid, gid)
}
