// As whom tasks of `exec` run: the job's user, else the one that the board's owner names, else nobody. Root, by its number or its group's,
// only where the owner says so.

import { existsSync } from 'node:fs'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { type Account, type AccountFiles, findAccount } from '../raw-exec/account.ts'

export interface AccountRules {
  /** Of a task that names none. */
  readonly user: string
  readonly allowRoot: boolean
}

export function execAccount(user: string | undefined, rules: AccountRules, files: AccountFiles): Result<Account, 'E_CONFIG'> {
  const name = user ?? rules.user
  const found = findAccount(name, files)
  if (!found.ok) return found
  const { uid, gid, home } = found.value
  if (!rules.allowRoot && (uid === 0 || gid === 0)) {
    const why = `'${name}' is root here, or of its group, and this board does not allow that (drivers.exec.allow_root)`
    return refuse('E_CONFIG', `${why}: name another user in config.user`)
  }
  // As nobody's: /tmp is the task's own.
  return ok({ ...found.value, home: existsSync(home) ? home : '/tmp' })
}
