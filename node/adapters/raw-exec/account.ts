// Whom a task runs as: `name`, `uid`, `name:group` or `uid:gid`, looked up in the board's own account files.

import { readFileSync } from 'node:fs'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'

export interface Account {
  readonly uid: number
  readonly gid: number
  readonly home: string
  readonly name: string
}

export interface AccountFiles {
  readonly passwd: string
  readonly group: string
}

export function boardAccounts(): AccountFiles {
  return { passwd: readOrEmpty('/etc/passwd'), group: readOrEmpty('/etc/group') }
}

export function findAccount(user: string, files: AccountFiles): Result<Account, 'E_CONFIG'> {
  const [who = '', group] = user.split(':')
  const entry = rows(files.passwd).find(([name, , uid]) => name === who || uid === who)
  const uid = entry === undefined ? numberOf(who) : numberOf(entry[2])
  if (uid === undefined) return refuse('E_CONFIG', `user '${who}' does not exist on this board: create it, or name another one`)
  const groupRow = group === undefined ? undefined : rows(files.group).find(([name, , gid]) => name === group || gid === group)
  const gid = group === undefined ? (numberOf(entry?.[3]) ?? uid) : (numberOf(groupRow?.[2]) ?? numberOf(group))
  if (gid === undefined) return refuse('E_CONFIG', `group '${group}' does not exist on this board: create it, or name another one`)
  return ok({ uid, gid, home: entry?.[5] ?? '/', name: entry?.[0] ?? who })
}

function rows(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'))
}

/** The kernel reads 2^32 - 1 as 'leave it as it is', which is root, and counts on from 0 after it. */
const numberMax = 4_294_967_294

function numberOf(text: string | undefined): number | undefined {
  const number = text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined
  return number !== undefined && number <= numberMax ? number : undefined
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
