// A driver loop with fakes all around: a scripted core, a clock that is moved by hand, a store whose writes end when the test
// says so, a driver and a network that note what they are told.

import type { Effect } from '../../node/core/effect.ts'
import type { CoreEvent } from '../../node/core/event.ts'
import type {
  ArtifactStore,
  CheckOutcome,
  CheckRequest,
  Clock,
  Fingerprint,
  Network,
  RunningTask,
  Store,
  StoreCode,
  StoreWrite,
  TaskDriver,
  TaskExit,
  TaskRequest,
} from '../../node/core/ports.ts'
import { type Result, ok, refuse } from '../../crdt/errors.ts'
import type { NodeId } from '../../crdt/ids.ts'
import { createApiBridge } from '../../node/api-bridge.ts'
import { type Loop, createLoop } from '../../node/loop.ts'

/** For tasks that have none. */
const noArtifacts: ArtifactStore = { fetch: async () => ok(undefined), place: async (task) => ok(task), release: () => undefined }

export class FakeClock implements Clock {
  time = 1_000
  readonly timers = new Set<{ readonly time: number; readonly callback: () => void }>()
  now = (): number => this.time
  wallMs = (): number => 1_700_000_000_000 + this.time
  isSynchronised = (): boolean => false
  at(time: number, callback: () => void): () => void {
    const timer = { time, callback }
    this.timers.add(timer)
    return () => this.timers.delete(timer)
  }
  advance(ms: number): void {
    this.time += ms
    for (const timer of this.timers) {
      if (timer.time > this.time || !this.timers.delete(timer)) continue
      timer.callback()
    }
  }
}

export class FakeStore implements Store {
  readonly repairs: string[] = []
  readonly records = new Map<string, Uint8Array>()
  readonly calls: { readonly keys: readonly string[]; readonly sync: boolean }[] = []
  /** Set: writes wait until `release` is called. */
  held: (() => void)[] | null = null
  fault: StoreCode | null = null
  async write(writes: readonly StoreWrite[], sync: boolean): Promise<Result<void, StoreCode>> {
    this.calls.push({ keys: writes.map((one) => one.key), sync })
    const { held } = this
    if (held !== null) await new Promise<void>((resolve) => held.push(resolve))
    if (this.fault !== null) return refuse(this.fault, 'no room')
    for (const { key, value } of writes)
      if (value === null) this.records.delete(key)
      else this.records.set(key, value)
    return ok(undefined)
  }
  release(): void {
    const { held } = this
    this.held = null
    for (const resolve of held ?? []) resolve()
  }
  async read(key: string): Promise<Uint8Array | undefined> {
    return this.records.get(key)
  }
  async readMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.records.get(key))
  }
  async *scan(): AsyncIterable<readonly [string, Uint8Array]> {}
  async close(): Promise<void> {}
}

export class FakeDriver implements TaskDriver {
  readonly name = 'raw_exec'
  readonly calls: string[] = []
  exit: (id: string, exit: TaskExit) => void = () => undefined
  current: Fingerprint = { health: { healthy: true, reason: '' }, attributes: {}, images: [] }
  /** What each kind of call answers. */
  answers: {
    prepare?: () => Promise<Result<void, never>>
    start?: () => Promise<Result<RunningTask, never>>
    stop?: () => Promise<Result<void, 'E_DRIVER_DOWN'>>
    rewrite?: () => Promise<Result<void, 'E_START'>>
  } = {}
  chunks: readonly Uint8Array[] = []
  fingerprint = async (): Promise<Fingerprint> => this.current
  async prepare(task: TaskRequest): Promise<Result<void, never>> {
    this.calls.push(`prepare ${task.id}`)
    return (await this.answers.prepare?.()) ?? ok(undefined)
  }
  async start(task: TaskRequest): Promise<Result<RunningTask, never>> {
    this.calls.push(`start ${task.id}`)
    return (await this.answers.start?.()) ?? ok({} as RunningTask)
  }
  async stop(id: string): Promise<Result<void, 'E_DRIVER_DOWN'>> {
    this.calls.push(`stop ${id}`)
    return (await this.answers.stop?.()) ?? ok(undefined)
  }
  signal = async (id: string, signal: string): Promise<Result<void, never>> => {
    this.calls.push(`signal ${id} ${signal}`)
    return ok(undefined)
  }
  async rewrite(task: TaskRequest): Promise<Result<void, 'E_START'>> {
    this.calls.push(`rewrite ${task.id}`)
    return (await this.answers.rewrite?.()) ?? ok(undefined)
  }
  adopt = async (): Promise<readonly RunningTask[]> => []
  onExit(listener: (id: string, exit: TaskExit) => void): void {
    this.exit = listener
  }
  async *logs(): AsyncIterable<Uint8Array> {
    yield* this.chunks
  }
  exec = async (): Promise<Result<never, 'E_DRIVER_DOWN'>> => refuse('E_DRIVER_DOWN', 'a fake')
  remove = async (): Promise<void> => {
    throw new Error('gone already')
  }
  close = async (): Promise<void> => undefined
}

export class FakeNetwork {
  readonly said: string[] = []
  readonly sent: Uint8Array[] = []
  isFull = false
  answers: Record<string, () => AsyncIterable<Uint8Array>> = {}
  send(peer: NodeId, frame: Uint8Array): boolean {
    if (this.isFull) return false
    this.said.push(`send ${peer} ${text(frame)}`)
    this.sent.push(frame)
    return true
  }
  broadcast(topic: string, frame: Uint8Array): void {
    this.said.push(`broadcast ${topic} ${text(frame)}`)
  }
  disconnect(peer: NodeId): void {
    throw new Error(`no connection to ${peer}`)
  }
  request(peer: NodeId): AsyncIterable<Uint8Array> {
    return this.answers[peer]?.() ?? failing()
  }
  remember(): void {}
  forget(): void {}
  injectCut(): void {}
}

// eslint-disable-next-line require-yield
async function* failing(): AsyncIterable<Uint8Array> {
  throw new Error('unreachable')
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export function bytes(words: string): Uint8Array {
  return new TextEncoder().encode(words)
}

export interface Bench {
  readonly loop: Loop
  readonly clock: FakeClock
  readonly store: FakeStore
  readonly driver: FakeDriver
  readonly network: FakeNetwork
  /** Every event that the core was given. */
  readonly events: CoreEvent[]
  readonly logged: string[]
  readonly fatal: unknown[]
  /** Lets everything run that does not wait for the test. */
  settle(): Promise<void>
  /** Makes the core answer the next events with these effects: an `addresses` event carries them in. */
  run(...effects: readonly Effect[]): void
}

/** `early`: what happens before the first step. */
export async function loopBench(
  script: (event: CoreEvent) => readonly Effect[] = () => [],
  early: (driver: FakeDriver) => void = () => undefined,
  checks: (request: CheckRequest) => Promise<CheckOutcome> = async () => ({ result: 'passed', output: '' }),
  artifacts: ArtifactStore = noArtifacts,
): Promise<Bench> {
  const clock = new FakeClock()
  const store = new FakeStore()
  const driver = new FakeDriver()
  const network = new FakeNetwork()
  const events: CoreEvent[] = []
  const logged: string[] = []
  const fatal: unknown[] = []
  const scripted: (readonly Effect[])[] = []
  const note = (level: string) => (_data: object, message: string) => void logged.push(`${level} ${message}`)
  const nothing = (): void => undefined
  const loop = createLoop({
    core: {
      step: (event) => {
        events.push(event)
        return event.kind === 'addresses' ? (scripted.shift() ?? []) : script(event)
      },
    },
    network: network as unknown as Network,
    store,
    clock,
    drivers: [driver],
    artifacts,
    checks: { run: (request) => checks(request) },
    devices: { find: () => Promise.resolve(null) },
    api: createApiBridge,
    examine: nothing,
    log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
    meters: { step: nothing, lag: nothing, persist: nothing, effect: nothing, dropped: (what) => void logged.push(`dropped ${what}`) },
    onFatal: (error) => void fatal.push(error),
    onLeft: () => void fatal.push('left'),
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
  }
  early(driver)
  await settle()
  await loop.start({ kind: 'boot', fingerprints: { raw_exec: driver.current } } as unknown as Parameters<Loop['start']>[0])
  loop.networkStarted()
  const run = (...effects: readonly Effect[]): void => {
    scripted.push(effects)
    loop.handlers.addresses([])
  }
  return { loop, clock, store, driver, network, events, logged, fatal, settle, run }
}
