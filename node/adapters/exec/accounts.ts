// As whom tasks of `exec` run: the user that the board's owner names, else nobody; a job may name one of those that the owner lists. Any other
// user or group would open to a job what is theirs (nobody:shadow reads the passwords). Root, by its number or its group's, only where the
// owner says so.

import { existsSync } from 'node:fs'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { type Account, type AccountFiles, findAccount } from '../raw-exec/account.ts'

export interface AccountRules {
  /** Of a task that names none. */
  readonly user: string
  /** Whom else a job may name, as `user` is written: a group with each that is not its own. */
  readonly users: readonly string[]
  readonly allowRoot: boolean
}

export function execAccount(user: string | undefined, rules: AccountRules, files: AccountFiles): Result<Account, 'E_CONFIG'> {
  const name = user ?? rules.user
  const found = findAccount(name, files)
  if (!found.ok) return found
  const { home } = found.value
  const refusal = isRoot(found.value) ? rootRefusal(name, rules) : listRefusal(name, found.value, rules, files)
  // As nobody's: /tmp is the task's own.
  return refusal === null ? ok({ ...found.value, home: existsSync(home) ? home : '/tmp' }) : refuse('E_CONFIG', refusal)
}

function isRoot({ uid, gid }: Account): boolean {
  return uid === 0 || gid === 0
}

function rootRefusal(name: string, { allowRoot }: AccountRules): string | null {
  if (allowRoot) return null
  return `'${name}' is root here, or of its group, and this board does not allow that (drivers.exec.allow_root): name another user in config.user`
}

function listRefusal(name: string, { uid, gid }: Account, { user, users }: AccountRules, files: AccountFiles): string | null {
  const isAllowed = [user, ...users].flatMap((one) => accountsOf(one, files)).some((one) => one.uid === uid && one.gid === gid)
  if (isAllowed) return null
  return `this board does not let tasks run as '${name}': its owner lists the users that jobs may name, with their groups, in drivers.exec.users`
}

/** Who is named with a group may also be named without. */
function accountsOf(name: string, files: AccountFiles): Account[] {
  return [name, name.split(':')[0] ?? name].flatMap((one) => {
    const found = findAccount(one, files)
    return found.ok ? [found.value] : []
  })
}
