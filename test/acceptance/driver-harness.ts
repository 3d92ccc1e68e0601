// What the acceptance suite needs to know of a driver under test, and the small things that all of its cases use.

import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AllocId, Form, NodeId, SlotId } from '../../crdt/ids.ts'
import type { TaskConfig, TaskSpec } from '../../crdt/spec.ts'
import type { ContractHarness, Program } from './driver-contract.ts'
import type { LogOptions, TaskDriver, TaskExit, TaskId, TaskRequest } from '../../node/core/ports.ts'

export interface DriverHarness {
  readonly name: TaskDriver['name']
  /** A driver over the same board and data as all others of this harness: as a new agent would make it. */
  create(): TaskDriver
  /** Where that driver's agent would be started from: arguments of `driver-agent.ts`. */
  readonly agentOptions: Readonly<Record<string, string>>
  /** A task that runs this shell script. */
  config(script: string): TaskConfig
  /** Names the very process or container that runs the task now. */
  identity(id: TaskId): Promise<string>
  /** Asked of the system, not of a driver. */
  isRunning(id: TaskId): Promise<boolean>
}

/** The contract's programs as shell scripts. */
export function contractOf(harness: DriverHarness): ContractHarness {
  const script = (program: Exclude<Program, 'missing'>): string => {
    if (typeof program === 'object' && 'ends' in program) return `sleep 0.2; exit ${program.ends}`
    const trap = program === 'deaf' ? '' : `exit ${program.obeys}`
    return `trap "${trap}" TERM; echo ready; while true; do sleep 0.05; done`
  }
  return {
    name: harness.name,
    create: () => harness.create(),
    program: (program) =>
      program === 'missing' ? { ...harness.config(''), command: '/no/such/program', args: [] } : harness.config(script(program)),
    listening: async (driver, id) => await logged(driver, id, 'ready'),
    until,
    wallMs: () => Date.now(),
    identity: async (id) => await harness.identity(id),
    isRunning: async (id) => await harness.isRunning(id),
    async takePort() {
      const other = createServer().listen(0)
      await once(other, 'listening')
      return {
        port: (other.address() as AddressInfo).port,
        async free() {
          other.close()
          await once(other, 'close')
        },
      }
    },
  }
}

export const testNode = `12D3KooW${'A'.repeat(44)}` as NodeId

// Far beyond what any step takes on a slow machine; a test that needs it has failed.
const untilMs = 30_000

let made = 0

export interface TaskWishes {
  readonly config: TaskConfig
  readonly driver: TaskDriver['name']
  readonly name?: string
  readonly env?: Readonly<Record<string, string>>
  readonly ports?: Readonly<Record<string, number>>
  readonly network?: TaskRequest['network']
  readonly logs?: TaskSpec['logs']
  readonly memoryMib?: number
}

/** A request with an id that no other test has. */
export function taskRequest(wishes: TaskWishes): TaskRequest {
  made += 1
  const name = wishes.name ?? 'app'
  const alloc = (BigInt(process.pid) * 1_000_000n + BigInt(made)).toString(16).padStart(16, '0') as AllocId
  const form = '0123456789abcdef' as Form
  const spec: TaskSpec = {
    name,
    driver: wishes.driver,
    config: wishes.config,
    env: {},
    constraints: [],
    affinities: [],
    resources: { cpuMhz: 100, memoryMib: wishes.memoryMib ?? 64 },
    killTimeoutMs: 5_000,
    killSignal: 'SIGTERM',
    logs: wishes.logs ?? { maxFiles: 10, maxFileSizeMib: 10 },
    meta: {},
  }
  return {
    id: `${alloc}.${form.slice(0, 8)}.${name}`,
    slot: 'default/job/group/0' as SlotId,
    alloc,
    generation: 3,
    form,
    updates: 2,
    spec,
    network: wishes.network ?? { mode: 'host', ports: [] },
    ports: wishes.ports ?? {},
    env: wishes.env ?? {},
    diskMib: 300,
  }
}

export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + untilMs; performance.now() < deadline; await sleep(20)) {
    if (await holds()) return
  }
  throw new Error(`never came: ${what}`)
}

/** Whether a process with this text in its arguments lives, in any container or none. */
export function isRunning(text: string): boolean {
  return processesWith(text) > 0
}

/** How many processes have this text in one of their arguments. */
export function processesWith(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^[0-9]+$/.test(pid) && Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
    } catch {
      return false
    }
  }).length
}

export interface Exits {
  readonly all: (readonly [TaskId, TaskExit])[]
  of(id: TaskId): Promise<TaskExit>
}

export function collectExits(driver: TaskDriver): Exits {
  const all: [TaskId, TaskExit][] = []
  driver.onExit((id, exit) => all.push([id, exit]))
  const find = (id: TaskId): TaskExit | undefined => all.find(([one]) => one === id)?.[1]
  return {
    all,
    async of(id) {
      await until(`exit of ${id}`, () => find(id) !== undefined)
      return find(id) as TaskExit
    },
  }
}

export async function readLogs(driver: TaskDriver, id: TaskId, options: Partial<LogOptions> = {}): Promise<string> {
  const parts: Uint8Array[] = []
  const wanted: LogOptions = { stream: 'stdout', follow: false, tailBytes: null, signal: new AbortController().signal, ...options }
  for await (const part of driver.logs(id, wanted)) parts.push(part)
  return Buffer.concat(parts).toString()
}

/** Until the output holds the text. */
export async function logged(driver: TaskDriver, id: TaskId, text: string): Promise<void> {
  await until(`'${text}' in the log of ${id}`, async () => (await readLogs(driver, id)).includes(text))
}
