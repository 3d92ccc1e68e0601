// From a task's specification to what will be executed: which file, as whom, where, with which environment. Finds out before
// anything is started what can never work on this board, so that it is said in words instead of in an exit code.

import { X_OK } from 'node:constants'
import { accessSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, isAbsolute, join, resolve } from 'node:path'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { TaskRequest } from '../../core/ports.ts'
import { withTaskDir } from '../task/task-dir.ts'
import { type Account, boardAccounts, findAccount } from './account.ts'
import type { ProcessKind } from './kind.ts'
import { type TaskFolder, markerName } from './record.ts'

export interface Program {
  readonly file: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly workDir: string
  readonly account: Account | undefined
  readonly taskDir: string
}

type Accounts = Pick<ProcessKind, 'name' | 'accountOf'>

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export function resolveProgram(asked: TaskRequest, folder: TaskFolder, kind: Accounts): Result<Program, 'E_CONFIG'> {
  const account = kind.accountOf(asked.spec.config.user)
  if (!account.ok) return account
  const taskDir = ownFolder(asked, folder, account.value)
  const task = withTaskDir(asked, taskDir)
  const { config } = task.spec
  const workDir = config.workDir === undefined ? folder.work : resolve(folder.work, config.workDir)
  if (config.workDir !== undefined && !isFolder(workDir)) {
    return refuse('E_CONFIG', `working directory '${workDir}' does not exist on this board: create it, or change config.work_dir`)
  }
  const env = environment(task, account.value)
  if (config.command === undefined) return refuse('E_CONFIG', `config.command is missing: a ${kind.name} task needs a program`)
  const file = findProgram(config.command, env['PATH'] ?? defaultPath, workDir, givenIn(task, folder))
  if (!file.ok) return file
  return ok({ file: file.value, args: config.args, env, workDir, account: account.value, taskDir })
}

/** What the task is told that its own folder is called. */
export function taskDirOf(task: TaskRequest, folder: TaskFolder, kind: Accounts): Result<string, 'E_CONFIG'> {
  const account = kind.accountOf(task.spec.config.user)
  return account.ok ? ok(ownFolder(task, folder, account.value)) : account
}

/** The data directory above it is closed to other users: these reach it as what they start in. */
function ownFolder({ spec }: TaskRequest, { work }: TaskFolder, account: Account | undefined): string {
  return account === undefined || spec.config.workDir !== undefined ? work : '.'
}

/** Exactly what was asked for, and what hardly any program does without. Nothing of the agent's own environment. */
function environment(task: TaskRequest, account: Account | undefined): Record<string, string> {
  const basics = { PATH: defaultPath, HOME: account?.home ?? homedir() }
  return { ...basics, ...(account === undefined ? {} : { USER: account.name }), ...task.env, [markerName]: task.id }
}

export function plainAccount(user: string | undefined): Result<Account | undefined, 'E_CONFIG'> {
  if (user === undefined) return ok(undefined)
  const found = findAccount(user, boardAccounts())
  if (!found.ok) return found
  const own = process.getuid?.()
  if (own !== 0 && own !== found.value.uid) {
    return refuse(
      'E_CONFIG',
      `the task wants to run as '${user}', but this agent does not run as root: run it as root, or leave config.user out`,
    )
  }
  return own === 0 ? found : ok(undefined)
}

/** What the task is given before it starts, by where that will be; with its permissions. */
function givenIn({ files = [] }: TaskRequest, { work }: TaskFolder): ReadonlyMap<string, number> {
  return new Map(files.flatMap((file) => (file.kind === 'payload' ? [] : [[resolve(work, file.path), file.mode]])))
}

function findProgram(command: string, path: string, workDir: string, given: ReadonlyMap<string, number>): Result<string, 'E_CONFIG'> {
  const places = command.includes('/') ? [''] : path.split(delimiter).filter((place) => isAbsolute(place))
  const files = places.map((place) => (place === '' ? resolve(workDir, command) : join(place, command)))
  const [only = ''] = files
  const mode = command.includes('/') ? given.get(only) : undefined
  if (mode !== undefined)
    return (mode & 0o111) === 0
      ? refuse('E_CONFIG', `program '${only}' is given without the right to run it: perms of its artifact or template`)
      : ok(only)
  const isThere = files.filter(isFile)
  const file = isThere.find(isExecutable)
  if (file !== undefined) return ok(file)
  if (isThere[0] !== undefined) return refuse('E_CONFIG', `program '${isThere[0]}' is not executable: chmod +x it on this board`)
  const where = command.includes('/') ? `'${files[0]}'` : `'${command}' (looked in ${path})`
  return refuse('E_CONFIG', `program ${where} does not exist on this board: install it, or change config.command`)
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, X_OK)
    return true
  } catch {
    return false
  }
}
