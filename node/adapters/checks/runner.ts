// Asks tasks whether they are well: over HTTP, with a TCP connection, or with a program beside them. One question at a time each, within
// its time limit; who asks how often is the core's business. Ports are the board's own: a question never leaves it.

import type { Result } from '../../../crdt/errors.ts'
import {
  type CheckOutcome,
  type CheckRequest,
  type CheckRunner,
  type DriverCode,
  type ExecEnd,
  type TaskDriver,
  checkOutputBytesMax,
} from '../../core/ports.ts'
import { askHttp } from './http.ts'
import { failed, passed, refused, shortened } from './outcome.ts'
import { askTcp } from './tcp.ts'

export interface CheckRunnerOptions {
  /** Whether this board's own configuration allows programs as checks. */
  readonly allowsExec: boolean
  readonly drivers: readonly Pick<TaskDriver, 'name' | 'exec'>[]
}

export function createCheckRunner({ allowsExec, drivers }: CheckRunnerOptions): CheckRunner {
  return {
    run: async (request) => {
      const { check, port, task } = request
      if (check.type === 'exec') {
        if (!allowsExec) return refused('this board runs no exec checks: its configuration must say checks.exec: true (--exec-checks)')
        const driver = drivers.find(({ name }) => name === task.spec.driver)
        return driver === undefined ? refused(`this board has no driver '${task.spec.driver}'`) : askProgram(driver, request)
      }
      if (port === null) return refused(`the group has no port '${check.port ?? ''}'`)
      return check.type === 'http' ? askHttp(check, port) : askTcp(port, check.timeoutMs)
    },
  }
}

async function askProgram(driver: Pick<TaskDriver, 'exec'>, { check, task }: CheckRequest): Promise<CheckOutcome> {
  const command = [check.command ?? '', ...check.args]
  return judged(await driver.exec(task, command, { timeoutMs: check.timeoutMs, outputBytesMax: checkOutputBytesMax }))
}

/** As in Nomad, but that there are no warnings: 0 is well, all else is not. */
function judged(end: Result<ExecEnd, DriverCode>): CheckOutcome {
  if (!end.ok) {
    if (end.code === 'E_CONFIG') return refused(end.message)
    return end.code === 'E_DRIVER_DOWN' ? { result: 'unknown', output: shortened(end.message) } : failed(end.message)
  }
  const { exitCode, output } = end.value
  if (exitCode === 0) return passed(output)
  return failed(
    `${exitCode === null ? 'killed: it took too long, or somebody ended it' : `exit code ${exitCode}`}${output === '' ? '' : `: ${output}`}`,
  )
}
