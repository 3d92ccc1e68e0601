// onboard: boards that become a fleet with nobody logging in. Thirty real ones (`--boards N`), all of one bundle, each set up by one command
// (its installer) and then started as its init system would; and five hundred simulated ones with the certificate of one token.

import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { nativeCrypto } from '../simulator/native-crypto-main.ts'
import { playOnboard } from '../simulator/scale/onboard.ts'
import { undoAtExit } from '../test/e2e/support/cleanup.ts'
import { type Agent, Fleet, aliveOn } from '../test/e2e/support/fleet.ts'
import { loopbacks } from '../test/e2e/support/ports.ts'
import { ended, run as runToEnd } from '../test/e2e/support/run.ts'
import { median, rounded } from './lib/stats.ts'
import type { BenchOptions } from './main.ts'

const boardsDefault = 30
const simulatedBoards = 500
/** One person who burns cards is slower. */
const simulatedEveryMs = 200
/** Boards whose addresses the bundle has. */
const bootstrapBoards = 3
/** A bench that cannot end must say so; the time itself is what is measured. */
const limitMs = 600_000
/** Asking costs the cores that the boards need. */
const askMs = 250

export async function run({ quick, boards }: BenchOptions): Promise<object> {
  const wanted = boards ?? (quick ? 5 : boardsDefault)
  const real = await processes(wanted)
  console.error(`  ${wanted} processes: ${JSON.stringify(real)}`)
  return { processes: real, simulated: simulated(quick ? 50 : simulatedBoards) }
}

interface Installed {
  readonly name: string
  readonly data: string
  readonly process: ChildProcess
  /** When its one command began, ms. */
  readonly begunAt: number
}

async function processes(count: number): Promise<object> {
  const fleet = new Fleet()
  const installed: Installed[] = []
  const undo = undoAtExit(() => installed.forEach(({ process }) => process.kill('SIGKILL')))
  try {
    const addresses = await loopbacks(count)
    const bundle = await provision(fleet, addresses)
    const began = performance.now()
    const joining = watch(installed, count)
    for (let at = 0; at < count; at++) installed.push(await setUp(fleet, bundle, `b-${at + 1}`, addresses[at]!))
    const joinedMs = await joining
    const allMs = performance.now() - began
    return {
      boards: count,
      boards_per_minute: rounded((60_000 * count) / allMs, 1),
      all_ms: rounded(allMs),
      slowest_ms: rounded(Math.max(...joinedMs)),
      median_ms: rounded(median(joinedMs)),
    }
  } finally {
    undo()
    await Promise.all(installed.map(async ({ process }) => await ended(process)))
    await fleet.stop()
  }
}

async function provision(fleet: Fleet, addresses: readonly string[]): Promise<string> {
  await fleet.init(addresses.slice(0, bootstrapBoards))
  const bundle = join(fleet.folder, 'boards')
  const names = ['--names', `b-{1..${addresses.length}}`, '--count', String(addresses.length)]
  const made = await fleet.cli(['provision', '--pool', 'shops', '--join', fleet.joinFile, '--out', bundle, ...names])
  if (made.code !== 0) throw new Error(made.output)
  return bundle
}

const logOf = (data: string): string => `${data}.log`

/** The one command, and what the board's init does then. */
async function setUp(fleet: Fleet, bundle: string, name: string, listen: string): Promise<Installed> {
  const root = join(fleet.folder, `root-${name}`)
  const begunAt = performance.now()
  const ran = await runToEnd('sh', [join(bundle, 'install.sh'), '--board', name], { env: { DESTDIR: root } })
  if (ran.code !== 0) throw new Error(ran.output)
  const data = join(root, 'var/lib/shoal')
  mkdirSync(data, { recursive: true })
  const own = { SHOAL_DATA_DIR: data, SHOAL_LISTEN: listen, SHOAL_NODE: process.execPath }
  const args = ['agent', '--config', join(root, 'etc/shoal')]
  const log = openSync(logOf(data), 'a')
  const child = spawn(join(root, 'opt/shoal/shoal'), args, { stdio: ['ignore', log, log], env: { ...process.env, ...own } })
  closeSync(log)
  return { name, data, process: child, begunAt }
}

/** Until the first board sees so many as alive members; of each the ms since its command began. `installed` grows meanwhile. */
async function watch(installed: readonly Installed[], count: number): Promise<number[]> {
  const joinedMs = new Map<string, number>()
  for (const began = performance.now(); joinedMs.size < count; await delay(askMs)) {
    if (performance.now() - began > limitMs) throw new Error(`${count - joinedMs.size} boards have not joined`)
    const [first] = installed
    if (first === undefined) continue
    const alive = await aliveOn({ socket: join(first.data, 'api.sock'), name: first.name } as Agent)
    for (const { name, data, process: agent, begunAt } of installed) {
      if (agent.exitCode !== null)
        throw new Error(`the agent of ${name} ended with ${agent.exitCode}: ${readFileSync(logOf(data), 'utf8')}`)
      if (alive.includes(name) && !joinedMs.has(name)) joinedMs.set(name, performance.now() - begunAt)
    }
  }
  return [...joinedMs.values()]
}

function simulated(boards: number): object {
  const before = process.cpuUsage()
  const result = playOnboard({ boards, count: boards, dials: 4, everyMs: simulatedEveryMs, crypto: nativeCrypto })
  const { user, system } = process.cpuUsage(before)
  return {
    boards,
    members: result.members,
    boards_per_virtual_minute: rounded((60_000 * boards) / result.virtualMs, 1),
    all_virtual_ms: result.virtualMs,
    slowest_virtual_ms: Math.max(...result.joinedMs),
    median_virtual_ms: median(result.joinedMs),
    cpu_s: rounded((user + system) / 1e6, 1),
  }
}
