// Whether this board can run tasks in cages: root, cgroups that can be written to, and the tools of util-linux, each of which is tried as a task
// will use it. What worked once is not tried again: programs start every half minute otherwise.

import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import type { Fingerprint } from '../../core/ports.ts'
import { boardAccounts } from '../raw-exec/account.ts'
import { bootId } from '../raw-exec/proc.ts'
import { shell } from '../raw-exec/supervisor.ts'
import { type AccountRules, execAccount } from './accounts.ts'
import { type FindCgroups, dropping, openCgroups } from './cage.ts'
import { rootPath } from './scripts.ts'

const run = promisify(execFile)

/** Far longer than it takes on a slow SD card, and shorter than the agent waits for a fingerprint. */
const rehearsalMsMax = 4_000

export interface FingerprintOptions {
  readonly rules: AccountRules
  readonly find: FindCgroups
}

export function createFingerprint({ rules, find }: FingerprintOptions): (home: string) => Promise<Fingerprint> {
  let hasWorked = false
  return async (home) => {
    const reason = isBoardFit(rules, home) ?? cgroupsFault(find) ?? (hasWorked ? null : await rehearse(home))
    hasWorked ||= reason === null
    if (reason !== null) return { health: { healthy: false, reason }, attributes: {}, images: [] }
    const found = find()
    const version = found.ok ? String(found.value.place.version) : ''
    return { health: { healthy: true, reason: '' }, attributes: { 'driver.exec': '1', 'driver.exec.cgroups': version }, images: [] }
  }
}

function isBoardFit(rules: AccountRules, home: string): string | null {
  if (process.platform !== 'linux') return `exec needs Linux, this is ${process.platform}`
  if (bootId() === '') return 'exec needs /proc, which is not mounted here'
  if (!existsSync(shell)) return `exec needs ${shell}, which does not exist here`
  if (process.getuid?.() !== 0) return 'exec needs an agent that runs as root: it gives each task limits and a user'
  const account = execAccount(undefined, rules, boardAccounts())
  if (!account.ok) return `drivers.exec.user: ${account.message}`
  try {
    mkdirSync(home, { recursive: true, mode: 0o711 })
    accessSync(home, constants.W_OK)
    return null
  } catch (error) {
    return `exec cannot write to '${home}': ${(error as Error).message}`
  }
}

export function cgroupsFault(find: FindCgroups): string | null {
  const opened = openCgroups(find)
  return opened.ok ? null : opened.message
}

/** A task that does nothing, and a program beside it. */
async function rehearse(home: string): Promise<string | null> {
  const drop = [...dropping({ uid: 65_534, gid: 65_534, home: '/', name: '' }), '/bin/true']
  const started = await tried('unshare', ['--mount', '--propagation', 'slave', '--', shell, '-c', mountAndRun, 'shoal-try', home, ...drop])
  if (!started.ok) return started.message
  const beside = await tried('nsenter', ['--target', String(process.pid), '--mount', '--wd', '--', ...drop])
  return beside.ok ? null : beside.message
}

const mountAndRun = 'mount --bind "$1" /tmp || exit 1; shift; exec "$@"'

async function tried(file: string, args: readonly string[]): Promise<Result<void, 'E_DRIVER_DOWN'>> {
  try {
    await run(file, args, { env: { PATH: rootPath }, timeout: rehearsalMsMax, cwd: '/' })
    return ok(undefined)
  } catch (error) {
    const { code, stderr = '', message } = error as Error & { readonly code?: unknown; readonly stderr?: string }
    const words = code === 'ENOENT' ? `${file} does not exist here` : stderr.trim().split('\n').at(-1) || message
    return refuse('E_DRIVER_DOWN', `exec needs unshare, nsenter, setpriv and mount of util-linux, and root's rights: ${words}`)
  }
}
