// The cage of a task: a cgroup with its limits, a mount namespace with a /tmp of its own, and a user who can gain no rights. The supervisor is
// root's, outside of the task's reach; what it starts gives up root's rights before anything of the job (environment, program) counts.
//
//   unshare ─▶ sh (supervisor: waits, mounts /tmp, tells the status) ─▶ setpriv ─▶ sh (reads the environment) ─▶ the program
//   nsenter ─▶ sh (waits)                                            ─▶ setpriv ─▶ sh (reads the environment) ─▶ a program beside it

import { chmodSync, mkdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { TaskId } from '../../core/ports.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { Account } from '../raw-exec/account.ts'
import type { Cage } from '../raw-exec/kind.ts'
import type { Program } from '../raw-exec/program.ts'
import { type TaskFolder, markerName } from '../raw-exec/record.ts'
import { shell } from '../raw-exec/supervisor.ts'
import { findCgroups } from './cgroup-place.ts'
import { Cgroups } from './cgroups.ts'
import { asUser, beside, environmentLines, rootPath, supervisor } from './scripts.ts'

/** Looked for anew until they are found: a board mounts them as it boots. */
export type FindCgroups = () => Result<Cgroups, 'E_DRIVER_DOWN'>

export function boardCgroups(parent: string): FindCgroups {
  let found: Cgroups | undefined
  return () => {
    if (found !== undefined) return ok(found)
    const place = findCgroups(textOf('/proc/self/mounts'), parent, (mount) => textOf(join(mount, 'cgroup.controllers')))
    if (!place.ok) return place
    found = new Cgroups(place.value)
    return ok(found)
  }
}

/** Found, and such that a task's can be made. */
export function openCgroups(find: FindCgroups): Result<Cgroups, 'E_DRIVER_DOWN'> {
  const found = find()
  if (!found.ok) return found
  try {
    found.value.open()
    return found
  } catch (error) {
    const { message } = error as Error
    return refuse(
      'E_DRIVER_DOWN',
      `exec cannot make cgroups here: ${message} (read-only: inside a container, or in a unit with ProtectControlGroups, they often are)`,
    )
  }
}

export function createCage(find: FindCgroups): Cage {
  /** Where there are no cgroups, there is nothing of it in one. */
  const known = (): Cgroups | undefined => {
    const found = find()
    return found.ok ? found.value : undefined
  }
  return {
    async make({ id, spec }, folder) {
      const cgroups = openCgroups(find)
      if (!cgroups.ok) return cgroups
      makeTmp(folder)
      await cgroups.value.make(id, spec.resources)
      return ok(undefined)
    },
    supervised: (program, folder, id) => ({
      file: 'unshare',
      args: [...ownMounts, shell, '-c', supervisor, 'shoal-task', tmpOf(folder), ...unprivileged(program, folder)],
      cwd: folder.work,
      env: { PATH: rootPath, [markerName]: id },
      account: undefined,
      words: environmentLines(program.env),
    }),
    beside: (program, folder, pid) => ({
      file: 'nsenter',
      args: [...mountsOf(pid), shell, '-c', beside, 'shoal-beside', ...unprivileged(program, folder)],
      cwd: '/',
      env: { PATH: rootPath },
      account: undefined,
      words: environmentLines(program.env),
    }),
    enter(id, pid) {
      const found = find()
      if (!found.ok) throw new Error(found.message)
      found.value.enter(id, pid)
    },
    enclosure: (id) => ({
      pids: () => known()?.pids(id) ?? [],
      kill: () => end(known(), id),
      hasLackedMemory: () => known()?.hasLackedMemory(id) ?? false,
    }),
    remove: async (id) => await known()?.remove(id),
  }
}

/** What is mounted on the board later is there for the task as well; what is mounted for the task stays its own. */
const ownMounts = ['--mount', '--propagation', 'slave', '--']

/** Also the folder that it works in, whatever its path has become. */
function mountsOf(pid: number): string[] {
  return ['--target', String(pid), '--mount', '--wd', '--']
}

function end(cgroups: Cgroups | undefined, id: TaskId): void {
  cgroups?.shut(id)
  cgroups?.kill(id)
}

function unprivileged(program: Program, folder: TaskFolder): string[] {
  const { account, file, args } = program
  return [...dropping(account), shell, '-c', asUser, 'shoal-task', startIn(program, folder), within(file, folder), ...args]
}

/** Nothing gives rights back: no program with set-user-id, no capability. Root (where the board's owner allows it) keeps what it has. */
export function dropping(account: Account | undefined): string[] {
  const { uid, gid } = account ?? { uid: 0, gid: 0 }
  const ids = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups', '--no-new-privs']
  return ['setpriv', ...ids, ...(uid === 0 ? [] : ['--inh-caps=-all', '--bounding-set=-all']), '--']
}

/** The supervisor stands in the task's own folder already, which its user could not reach by its path. */
function startIn({ workDir }: Program, folder: TaskFolder): string {
  return workDir === folder.work ? '' : within(workDir, folder)
}

function within(path: string, { work }: TaskFolder): string {
  return path.startsWith(`${work}/`) ? `./${relative(work, path)}` : path
}

function makeTmp(folder: TaskFolder): void {
  const tmp = tmpOf(folder)
  mkdirSync(tmp, { recursive: true })
  // As /tmp is, whatever the agent's umask.
  chmodSync(tmp, 0o1777)
}

function tmpOf({ root }: TaskFolder): string {
  return join(root, 'tmp')
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
