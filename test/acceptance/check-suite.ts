// What every runner of checks promises, real or simulated, as far as the core can tell. How a task is made to behave, and how time passes,
// is the harness's business.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CheckSpec } from '../../crdt/spec.ts'
import type { CheckOutcome, CheckRequest, CheckRunner } from '../../node/core/ports.ts'
import { checkOutputBytesMax } from '../../node/core/ports.ts'

export type Behaviour = 'passes' | 'fails' | 'hangs'

export interface CheckHarness {
  /** The runner of a board whose configuration allows exec checks, or does not. */
  runner(allowsExec: boolean): CheckRunner
  /** A question to a task that runs, and behaves so when it is asked. */
  request(type: CheckSpec['type'], behaviour: Behaviour, timeoutMs: number): Promise<CheckRequest>
  /** The task of that question ends. */
  end(request: CheckRequest): Promise<void>
  /** Lets time pass until the answer is there, and says how long it took. */
  ask(runner: CheckRunner, request: CheckRequest): Promise<{ readonly outcome: CheckOutcome; readonly tookMs: number }>
  close(): Promise<void>
}

/** Longer than any answer that is not to be late takes on a slow machine. */
const ampleMs = 20_000

export function acceptChecks(harnessOf: () => Promise<CheckHarness>): void {
  const play = (name: string, body: (harness: CheckHarness) => Promise<void>): void =>
    void test(name, async () => {
      const harness = await harnessOf()
      try {
        await body(harness)
      } finally {
        await harness.close()
      }
    })

  for (const type of ['http', 'tcp', 'exec'] as const) {
    play(`${type}: a task that is well passes`, async (harness) => {
      const { outcome } = await harness.ask(harness.runner(true), await harness.request(type, 'passes', ampleMs))
      assert.equal(outcome.result, 'passed', outcome.output)
    })

    play(`${type}: one that is not fails, and says something`, async (harness) => {
      const { outcome } = await harness.ask(harness.runner(true), await harness.request(type, 'fails', ampleMs))
      assert.equal(outcome.result, 'failed')
      assert.ok(outcome.output.length > 0 && outcome.output.length <= checkOutputBytesMax)
    })

    play(`${type}: a task that is gone fails`, async (harness) => {
      const request = await harness.request(type, 'passes', ampleMs)
      await harness.end(request)
      assert.equal((await harness.ask(harness.runner(true), request)).outcome.result, 'failed')
    })
  }

  for (const type of ['http', 'exec'] as const) {
    play(`${type}: one that hangs has failed when its time is over, and not before`, async (harness) => {
      const { outcome, tookMs } = await harness.ask(harness.runner(true), await harness.request(type, 'hangs', 400))
      assert.equal(outcome.result, 'failed')
      assert.ok(tookMs >= 399, `${tookMs}`)
    })
  }

  for (const type of ['http', 'tcp'] as const) {
    play(`${type}: a port that the group has not is refused, with its label`, async (harness) => {
      const request = { ...(await harness.request(type, 'passes', ampleMs)), port: null }
      const { outcome } = await harness.ask(harness.runner(true), request)
      assert.equal(outcome.result, 'refused')
      assert.match(outcome.output, /'web'/)
    })

    play(`${type}: a board without exec checks asks it all the same`, async (harness) => {
      const { outcome } = await harness.ask(harness.runner(false), await harness.request(type, 'passes', ampleMs))
      assert.equal(outcome.result, 'passed', outcome.output)
    })
  }

  play('exec: a board whose configuration does not allow it refuses, whatever the task is like', async (harness) => {
    const { outcome } = await harness.ask(harness.runner(false), await harness.request('exec', 'passes', ampleMs))
    assert.equal(outcome.result, 'refused')
    assert.ok(outcome.output.length > 0)
  })
}

/** One that asks for the port `web`, or runs a program. */
export function checkOf(type: CheckSpec['type'], timeoutMs: number, command?: readonly string[]): CheckSpec {
  const times = { intervalMs: 60_000, timeoutMs, successBeforePassing: 0, failuresBeforeCritical: 0 }
  const rest = { ...times, onUpdate: 'require_healthy', checkRestart: { limit: 0, graceMs: 1_000 }, headers: {} } as const
  const [program = '', ...args] = command ?? []
  return type === 'exec' ? { name: 'c', type, command: program, args, ...rest } : { name: 'c', type, port: 'web', args: [], ...rest }
}
