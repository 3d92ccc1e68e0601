// The `exec` driver: processes with limits of their own (a cgroup each), as a user that is not root, with a /tmp of their own. How they are started
// under a supervisor, recorded, found again and stopped is what `raw_exec` does.

import type { TaskDriver } from '../../core/ports.ts'
import { boardAccounts } from '../raw-exec/account.ts'
import { type RawExecOptions, createProcessDriver } from '../raw-exec/driver.ts'
import { type AccountRules, execAccount } from './accounts.ts'
import { boardCgroups, createCage } from './cage.ts'
import { createFingerprint } from './fingerprint.ts'

export interface ExecOptions extends RawExecOptions, AccountRules {
  /** Below each cgroup mount: what holds the tasks' cgroups. */
  readonly cgroupParent: string
}

export function createExecDriver({ user, users, allowRoot, cgroupParent, ...options }: ExecOptions): TaskDriver {
  const rules = { user, users, allowRoot }
  const find = boardCgroups(cgroupParent)
  return createProcessDriver(options, {
    name: 'exec',
    folder: 'exec',
    fingerprint: createFingerprint({ rules, find }),
    accountOf: (asked) => execAccount(asked, rules, boardAccounts()),
    cage: createCage(find),
  })
}
