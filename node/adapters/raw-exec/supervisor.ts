// Starts a task under a supervisor: a few lines of POSIX shell, in a session of its own, that run the program, outlive every
// signal but SIGKILL, and write the program's status down, so that it is known even when it ended while no agent ran. It costs
// one idle shell per task. The supervisor waits for a word before it runs anything: by then its record is on disk, so that an
// agent killed at any moment leaves no process that nobody knows.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, fchownSync, openSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { TaskFolder } from './record.ts'
import type { Account } from './account.ts'
import { covered } from './inherited-files.ts'
import type { Command } from './kind.ts'
import type { Program } from './program.ts'

export const shell = '/bin/sh'

/** After standard input and output, and the file of the status. */
const firstFree = 4

// All that would end a shell and can be caught. A trap with a command is reset to the default in what the shell starts, so the
// program sees none of this. By number: shells disagree on the names.
const { SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO, SIGPWR } =
  constants.signals
const trapped = [SIGHUP, SIGINT, SIGQUIT, SIGABRT, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGVTALRM, SIGPROF, SIGIO, SIGPWR]

// In the foreground: a background command would start with SIGINT ignored.
const script = supervising('"$@" </dev/null 3>&-')

/** `run`: shell that runs its arguments, with 3 closed. */
export function supervising(run: string): string {
  return `trap : ${trapped.join(' ')}
read -r go || exit 125
${run}
code=$?
echo "$code" >&3
exit "$code"`
}

export interface Launch {
  readonly command: Command
  /** Whose the logs are. */
  readonly account: Account | undefined
  readonly folder: TaskFolder
  readonly stdout: string
  readonly stderr: string
}

export interface Supervisor {
  readonly child: ChildProcess
  readonly pid: number
  /** Lets the program start. */
  go(): void
}

/** Throws what the operating system says when even the shell cannot be started. */
export async function launch(wanted: Launch): Promise<Supervisor> {
  // Its few bytes are on disk already when the status is written over them: a full disk does not hide how a task ended.
  writeFileSync(wanted.folder.exit, '?  \n', { mode: 0o600 })
  const { file, args, cwd, env, account, words } = wanted.command
  const nothing = openSync('/dev/null', 'r')
  const files = [openLog(wanted.stdout, wanted.account), openLog(wanted.stderr, wanted.account), openSync(wanted.folder.exit, 'r+')]
  try {
    const child = spawn(file, args, {
      cwd,
      env,
      detached: true,
      stdio: ['pipe', ...files, ...covered(nothing, firstFree)],
      ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
    })
    await once(child, 'spawn')
    child.unref()
    // A supervisor that is killed before its word comes is noticed by its exit.
    child.stdin?.on('error', () => undefined)
    return { child, pid: child.pid ?? 0, go: () => void child.stdin?.end(`go\n${words}`) }
  } finally {
    for (const file of [...files, nothing]) closeSync(file)
  }
}

/** With nothing around it: the supervisor itself is the task's user already. */
export function plainSupervisor(program: Program): Command {
  const { workDir, env, account } = program
  return { file: shell, args: ['-c', script, 'shoal-task', ...programOf(program)], cwd: workDir, env, account, words: '' }
}

/** Most shells drop variables whose names they could not write (`my.name`); env(1) puts those back. Its arguments show in `ps`. */
function programOf({ file, args, env }: Program): string[] {
  const dropped = Object.entries(env).filter(([name]) => !/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
  const put = dropped.length === 0 ? [] : ['/usr/bin/env', '--', ...dropped.map(([name, value]) => `${name}=${value}`)]
  return [...put, file, ...args]
}

/** Append mode: a log that was cut back goes on from its new end, whoever holds it open. */
function openLog(path: string, account: Account | undefined): number {
  const file = openSync(path, 'a', 0o600)
  // So that a program may open /dev/stdout again.
  if (account !== undefined) fchownSync(file, account.uid, account.gid)
  return file
}
