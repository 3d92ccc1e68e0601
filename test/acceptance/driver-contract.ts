// What every task driver promises, real or simulated, as far as the core can tell: programs are described, not written, and how time
// passes is the harness's business. What only drivers of real processes do is in `driver.ts`.

import assert from 'node:assert/strict'
import type { TaskConfig } from '../../crdt/spec.ts'
import type { TaskDriver, TaskExit, TaskId, TaskRequest } from '../../node/core/ports.ts'
import { type Cases, playCases, request, start } from './driver-cases.ts'
import { type TaskWishes, taskRequest } from './driver-harness.ts'

/** What a program does. `ends`: by itself, after a moment; `obeys`: it ends with this code when it is told to; `deaf`: it does not listen. */
export type Program = { readonly ends: number } | { readonly obeys: number } | 'deaf' | 'missing'

export interface ContractHarness {
  readonly name: TaskDriver['name']
  /** A driver over the same board as all others of this harness: as a new agent would make it. */
  create(): TaskDriver
  program(program: Program): TaskConfig
  /** Until the program has begun to listen for signals. */
  listening(driver: TaskDriver, id: TaskId): Promise<void>
  /** Lets time pass until it holds. */
  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void>
  wallMs(): number
  /** Names what runs the task now, so that another can be told from it. */
  identity(id: TaskId): Promise<string>
  /** Asked of the system, not of a driver. */
  isRunning(id: TaskId): Promise<boolean>
  /** A port that another program has, until it is freed. */
  takePort(): Promise<{ readonly port: number; free(): Promise<void> }>
}

export function acceptDriverContract(harnessOf: () => ContractHarness): void {
  playCases(cases, harnessOf)
}

function task(harness: ContractHarness, program: Program, wishes: Partial<TaskWishes> = {}): TaskRequest {
  return request({ driver: harness.name, config: harness.program(program), ...wishes })
}

function exitsOf(driver: TaskDriver): [TaskId, TaskExit][] {
  const all: [TaskId, TaskExit][] = []
  driver.onExit((id, exit) => all.push([id, exit]))
  return all
}

const noProgress = (): void => undefined
const never = new AbortController().signal
const endedWith = (exitCode: number): TaskExit => ({ exitCode, signal: null, outOfMemory: false })

const cases: Cases<ContractHarness> = {
  async 'a healthy driver says so, and which it is'(driver, harness) {
    const { health, attributes } = await driver.fingerprint()
    assert.deepEqual(health, { healthy: true, reason: '' })
    assert.equal(attributes[`driver.${harness.name}`], '1')
  },

  async 'a task that ends tells its exit code, once'(driver, harness) {
    const exits = exitsOf(driver)
    const [good, bad] = [task(harness, { ends: 0 }), task(harness, { ends: 3 })]
    await start(driver, good)
    await start(driver, bad)
    await harness.until('both exits', () => exits.length >= 2)
    await driver.stop(bad.id, 'SIGTERM', 100)
    await driver.adopt()
    await driver.fingerprint()
    assert.deepEqual(new Map(exits), new Map([[good.id, endedWith(0)], [bad.id, endedWith(3)]])) // prettier-ignore
    assert.equal(exits.length, 2)
  },

  async 'a running task names its claim and when it began'(driver, harness) {
    const asked = task(harness, { obeys: 0 }, { ports: { http: 28_080 } })
    const before = harness.wallMs()
    const { startedAt, ...rest } = await start(driver, asked)
    const { id, slot, alloc, generation, form, updates, ports } = asked
    assert.deepEqual(rest, { id, slot, alloc, generation, form, updates, ports, task: 'app' })
    assert.ok(startedAt >= before - 1_000 && startedAt <= harness.wallMs() + 1_000)
  },

  async 'a new agent is told which devices a task has'(driver, harness) {
    const devices = [{ name: 'serial', key: 'serial-usb2-1', path: '/dev/null' }]
    const [asked, other] = [{ ...task(harness, { obeys: 0 }), devices }, task(harness, { obeys: 0 })]
    assert.deepEqual((await start(driver, asked)).devices, devices)
    await start(driver, other)
    const found = await harness.create().adopt()
    assert.deepEqual(found.find(({ id }) => id === asked.id)?.devices, devices)
    assert.equal(
      Object.hasOwn(
        found.find(({ id }) => id === other.id)!,
        'devices',
      ),
      false,
    )
  },

  async 'files are written, and signals sent, only to what runs'(driver, harness) {
    const [running, other] = [task(harness, { obeys: 0 }), task(harness, { obeys: 0 })]
    await start(driver, running)
    const codeOf = async (answer: ReturnType<TaskDriver['rewrite']>): Promise<string | null> => {
      const result = await answer
      return result.ok ? null : result.code
    }
    assert.deepEqual([await codeOf(driver.rewrite(running)), await codeOf(driver.rewrite(other))], [null, 'E_START'])
    assert.equal(await codeOf(driver.signal(other.id, 'SIGWINCH')), 'E_START')
  },

  async 'starting what runs already changes nothing, and says so'(driver, harness) {
    const asked = task(harness, { obeys: 0 })
    const first = await start(driver, asked)
    const identity = await harness.identity(asked.id)
    const found = { ...first, found: true }
    assert.deepEqual(await Promise.all([start(driver, asked), start(driver, asked)]), [found, found])
    assert.equal(await harness.identity(asked.id), identity)
  },

  async 'a task that ended can be started again'(driver, harness) {
    const exits = exitsOf(driver)
    const asked = task(harness, { ends: 4 })
    for (const times of [1, 2]) {
      await start(driver, asked)
      await harness.until('its exit', () => exits.length === times)
    }
    assert.deepEqual(exits, [[asked.id, endedWith(4)], [asked.id, endedWith(4)]]) // prettier-ignore
  },

  async 'a task that obeys is not killed, and its exit is told before the stop is done'(driver, harness) {
    const exits = exitsOf(driver)
    const asked = task(harness, { obeys: 5 })
    await start(driver, asked)
    await harness.listening(driver, asked.id)
    assert.ok((await driver.stop(asked.id, 'SIGTERM', 20_000)).ok)
    assert.deepEqual(exits, [[asked.id, endedWith(5)]])
    assert.deepEqual(await driver.adopt(), [])
  },

  async 'a task that ignores its signal is killed after the timeout'(driver, harness) {
    const exits = exitsOf(driver)
    const asked = task(harness, 'deaf')
    await start(driver, asked)
    await harness.listening(driver, asked.id)
    const began = harness.wallMs()
    assert.ok((await driver.stop(asked.id, 'SIGTERM', 300)).ok)
    assert.ok(harness.wallMs() - began >= 300, 'not before')
    await harness.until('its exit', () => exits.length > 0)
    assert.equal(exits[0]![1].signal, 'SIGKILL')
  },

  async 'stopping what does not run is fine'(driver, harness) {
    const exits = exitsOf(driver)
    const asked = task(harness, { obeys: 0 })
    assert.ok((await driver.stop(asked.id, 'SIGTERM', 100)).ok)
    await start(driver, asked)
    const stops = await Promise.all([driver.stop(asked.id, 'SIGKILL', 0), driver.stop(asked.id, 'SIGKILL', 0)])
    assert.deepEqual([stops.map((stop) => stop.ok), exits.length], [[true, true], 1])
  },

  async 'remove leaves nothing, not even how it ended'(driver, harness) {
    const exits = exitsOf(driver)
    const asked = task(harness, { ends: 1 })
    await start(driver, asked)
    await harness.until('its exit', () => exits.length > 0)
    await driver.remove(asked.id)
    await driver.remove(asked.id)
    const next = harness.create()
    const nextExits = exitsOf(next)
    assert.deepEqual(await next.adopt(), [])
    await next.fingerprint()
    assert.deepEqual(nextExits, [])
    await next.close()
  },

  async 'the next agent finds what runs, with its claim, and is told of its end'(driver, harness) {
    const asked = task(harness, { obeys: 6 })
    const started = await start(driver, asked)
    await harness.listening(driver, asked.id)
    await driver.close()
    const next = harness.create()
    const exits = exitsOf(next)
    assert.deepEqual(await next.adopt(), [started])
    assert.ok((await next.stop(asked.id, 'SIGTERM', 20_000)).ok)
    assert.deepEqual(exits, [[asked.id, endedWith(6)]])
    await next.close()
  },

  async 'what ended while no agent ran is told after adoption, once'(driver, harness) {
    const asked = task(harness, { ends: 7 })
    await start(driver, asked)
    await driver.close()
    await harness.until('the end', async () => !(await harness.isRunning(asked.id)))
    const next = harness.create()
    assert.deepEqual(await next.adopt(), [])
    const exits = exitsOf(next)
    await harness.until('its exit', () => exits.length > 0)
    await next.adopt()
    assert.deepEqual(exits, [[asked.id, endedWith(7)]])
    await next.remove(asked.id)
    await next.close()
  },

  async 'a program that does not exist is refused in words'(driver, harness) {
    const config = harness.program('missing')
    const refused = await driver.start(taskRequest({ driver: harness.name, config }))
    assert.ok(!refused.ok)
    assert.equal(refused.code, 'E_CONFIG')
    assert.match(refused.message, new RegExp(config.command ?? 'no command'))
    assert.deepEqual(await driver.adopt(), [])
  },

  async 'a port that another program has is refused before the start'(driver, harness) {
    const other = await harness.takePort()
    const asked = task(harness, { obeys: 0 }, { ports: { web: other.port } })
    const refused = await driver.start(asked)
    assert.ok(!refused.ok)
    assert.equal(refused.code, 'E_PORT_IN_USE')
    assert.match(refused.message, new RegExp(`${other.port}.*'web'`))
    await other.free()
    await start(driver, asked)
  },

  async 'what a task needs is looked at before it is started'(driver, harness) {
    assert.ok((await driver.prepare(task(harness, { ends: 0 }), noProgress, never)).ok)
    assert.deepEqual(await driver.adopt(), [])
  },
}
