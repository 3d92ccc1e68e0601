// The drivers that the configuration allows, and what they say at boot. A driver that does not answer in time, or does not say what it
// runs, is unhealthy for now; it must never keep the agent from starting. `watch-drivers.ts` goes on asking.

import { createDockerDriver } from './adapters/docker/driver.ts'
import { createExecDriver } from './adapters/exec/driver.ts'
import { createRawExecDriver } from './adapters/raw-exec/driver.ts'
import type { Log } from './adapters/log.ts'
import type { AgentConfig } from './config.ts'
import type { AdoptedTask, Clock, Fingerprint, TaskDriver } from './core/ports.ts'
import { type Result, ok, refuse } from '../crdt/errors.ts'
import type { NodeId } from '../crdt/ids.ts'
import { adoptFrom, fingerprintOf, withoutList } from './watch-drivers.ts'
import { wordsOf } from './words.ts'

/** Boards boot their engine and the agent at the same time: waiting longer would delay what does not need the engine. */
const bootMsMax = 5_000

export function createDrivers(config: AgentConfig, node: NodeId, log: Log): TaskDriver[] {
  const { dataDir, drivers } = config
  const made: TaskDriver[] = []
  if (drivers.rawExec.enabled) made.push(createRawExecDriver({ node, dataDir, log }))
  if (drivers.exec.enabled) {
    const { user, users, allowRoot, cgroupParent } = drivers.exec
    made.push(createExecDriver({ node, dataDir, user, users, allowRoot, cgroupParent, log }))
  }
  if (drivers.docker.enabled) {
    const { socket, registries, mirrors } = drivers.docker
    made.push(createDockerDriver({ node, dataDir, socketPath: socket, registries, mirrors, log }))
  }
  return made
}

export interface Surveyed {
  readonly running: readonly AdoptedTask[]
  readonly fingerprints: Readonly<Record<string, Fingerprint>>
}

export async function surveyDrivers(drivers: readonly TaskDriver[], clock: Clock, log: Log): Promise<Surveyed> {
  const found = await Promise.all(
    drivers.map(async (driver) => {
      const [running, fingerprint] = await Promise.all([adopted(driver, clock, log), fingerprintOf(driver, clock, bootMsMax)])
      if (running.ok) return { name: driver.name, running: running.value, fingerprint }
      return { name: driver.name, running: [], fingerprint: withoutList(fingerprint, running.message) }
    }),
  )
  return {
    running: found.flatMap((one) => one.running),
    fingerprints: Object.fromEntries(found.map((one) => [one.name, one.fingerprint])),
  }
}

async function adopted(driver: TaskDriver, clock: Clock, log: Log): Promise<Result<readonly AdoptedTask[], 'E_DRIVER_DOWN'>> {
  let cancel: (() => void) | undefined
  const tooLate = new Promise<never>((_resolve, reject) => {
    cancel = clock.at(clock.now() + bootMsMax, () => reject(new Error(`no answer within ${bootMsMax / 1_000} s`)))
  })
  try {
    return ok(await Promise.race([adoptFrom(driver), tooLate]))
  } catch (error) {
    log.warn({ driver: driver.name, error: wordsOf(error) }, 'the driver could not say what runs already')
    return refuse('E_DRIVER_DOWN', wordsOf(error))
  } finally {
    cancel?.()
  }
}
