// Puts what a task is given into its folder. The folder is the task's own, and the agent may be root: so no link that the task has put there is
// followed, also not in the place of a folder. Each folder is held open while what is in it is named. A file appears whole, in one step.

import { closeSync, constants, fchmodSync, fchownSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import type { TaskFile } from '../../core/ports.ts'
import { bytesOf } from '../task/task-dir.ts'

/** `taskDir`: what the task is told that the folder is called. */
export function giveFiles(work: string, files: readonly TaskFile[], taskDir: string): void {
  if (files.length === 0) return
  const { uid, gid } = statSync(work)
  for (const file of files) {
    const parts = file.path.split('/')
    const name = parts.pop() ?? ''
    inFolder(work, parts, { uid, gid }, (folder) =>
      put(`${folder}/${name}`, `${folder}/.new~${name}`, { uid, gid }, file.kind === 'payload' ? 0o600 : file.mode, bytesOf(file, taskDir)),
    )
  }
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

function inFolder(root: string, parts: readonly string[], owner: Owner, act: (folder: string) => void): void {
  let open = openFolder(root)
  try {
    for (const part of parts) {
      const next = childFolder(`${pathOf(open)}/${part}`, owner)
      closeSync(open)
      open = next
    }
    act(pathOf(open))
  } finally {
    closeSync(open)
  }
}

/** What the kernel calls the folder that is open, whatever its names become. */
function pathOf(folder: number): string {
  return `/proc/self/fd/${folder}`
}

function openFolder(path: string): number {
  return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
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
