// What differs between drivers that run processes: `raw_exec` runs them as they are, `exec` (node/adapters/exec) in a cage of its own.
// Everything else is the same for both: records, supervisors, logs, files, adoption.

import type { Result } from '../../../crdt/errors.ts'
import type { Fingerprint, TaskId, TaskRequest } from '../../core/ports.ts'
import type { Account } from './account.ts'
import type { Enclosure } from './group.ts'
import type { Program } from './program.ts'
import type { TaskFolder } from './record.ts'

export interface ProcessKind {
  readonly name: 'raw_exec' | 'exec'
  /** Below the agent's own folder. */
  readonly folder: string
  fingerprint(home: string): Promise<Fingerprint>
  /** As whom a task runs that names this user, or nobody; undefined: as the agent itself. */
  accountOf(user: string | undefined): Result<Account | undefined, 'E_CONFIG'>
  /** null: its tasks are bound by nothing. */
  readonly cage: Cage | null
}

export interface Cage {
  /** Empty, with the task's limits; refused when this board cannot make one now. Throws what the system says. */
  make(task: TaskRequest, folder: TaskFolder): Promise<Result<void, 'E_DRIVER_DOWN'>>
  /** The supervisor that runs the program inside. */
  supervised(program: Program, folder: TaskFolder, id: TaskId): Command
  /** The program beside a task, whose supervisor has that number. */
  beside(program: Program, folder: TaskFolder, supervisor: number): Command
  /** Before it is let go, so that nothing of it is ever outside. */
  enter(id: TaskId, pid: number): void
  enclosure(id: TaskId): Enclosure
  /** Ends what is in it. Throws when that does not end. */
  remove(id: TaskId): Promise<void>
}

/** What is handed to the system. It waits for a line on its standard input before it does anything. */
export interface Command {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly account: Account | undefined
  /** What follows that line. */
  readonly words: string
}
