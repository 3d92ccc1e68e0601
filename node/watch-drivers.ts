// Asks each driver every 30 s how it is and what it has, and tells the core when the answer changed. A driver that does not answer in
// time counts as unhealthy: the node is no candidate for its tasks until it answers again. Whenever a driver gets well it first says what
// it runs: what nobody knows of has room and would run beside its replacement.

import type { AdoptedTask, Clock, Fingerprint, TaskDriver } from './core/ports.ts'
import type { LooseEvent } from './loose-event.ts'
import { wordsOf } from './words.ts'

export interface WatchDriversInput {
  readonly drivers: readonly TaskDriver[]
  readonly known: Readonly<Record<string, Fingerprint>>
  readonly clock: Clock
  readonly push: (event: LooseEvent) => void
  readonly log: { warn(data: object, message: string): void }
}

const fingerprintEveryMs = 30_000
/** An engine on a busy SD card takes seconds; longer, and it is of no use either. */
const fingerprintMsMax = 10_000

/** Returns the function that ends it. */
export function watchDrivers(input: WatchDriversInput): () => void {
  const { clock } = input
  const cancels = new Map<TaskDriver, () => void>()
  let ended = false
  for (const driver of input.drivers) {
    let before = JSON.stringify(input.known[driver.name])
    let isWell = input.known[driver.name]?.health.healthy === true
    const look = async (): Promise<void> => {
      let fingerprint = await fingerprintOf(driver, clock, fingerprintMsMax)
      if (ended) return
      if (fingerprint.health.healthy && !isWell) fingerprint = await adoptAgain(driver, input, fingerprint)
      if (ended) return
      isWell = fingerprint.health.healthy
      const now = JSON.stringify(fingerprint)
      if (now !== before) input.push({ kind: 'fingerprint', driver: driver.name, fingerprint })
      before = now
      again()
    }
    const again = (): void =>
      void cancels.set(
        driver,
        clock.at(clock.now() + fingerprintEveryMs, () => void look()),
      )
    again()
  }
  return () => {
    ended = true
    for (const cancel of cancels.values()) cancel()
  }
}

/**
 * An engine that was down, or too busy to say what it runs, may run containers that nobody has claimed here. Without a limit in time: only
 * this driver's next look waits for it, and every call to an engine has one.
 */
async function adoptAgain(driver: TaskDriver, input: WatchDriversInput, fingerprint: Fingerprint): Promise<Fingerprint> {
  try {
    input.push({ kind: 'adopted', running: await adoptFrom(driver) })
    return fingerprint
  } catch (error) {
    input.log.warn({ driver: driver.name, error: wordsOf(error) }, 'what it runs could not be listed; it is asked again')
    return withoutList(fingerprint, error)
  }
}

export async function adoptFrom(driver: TaskDriver): Promise<AdoptedTask[]> {
  return (await driver.adopt()).map((task) => ({ ...task, driver: driver.name }))
}

export async function fingerprintOf(driver: TaskDriver, clock: Clock, withinMs: number): Promise<Fingerprint> {
  let cancel: (() => void) | undefined
  const tooLate = new Promise<Fingerprint>((resolve) => {
    cancel = clock.at(clock.now() + withinMs, () => resolve(unhealthy(`no answer within ${Math.round(withinMs / 1_000)} s`)))
  })
  const answer = Promise.resolve()
    .then(() => driver.fingerprint())
    .catch((error: unknown) => unhealthy(wordsOf(error)))
  return Promise.race([answer, tooLate]).finally(() => cancel?.())
}

/** Whatever it says of itself: nothing can be placed beside tasks that nobody can list. */
export function withoutList({ health, ...rest }: Fingerprint, error: unknown): Fingerprint {
  return { ...rest, health: health.healthy ? { healthy: false, reason: `it does not say what it runs: ${wordsOf(error)}` } : health }
}

function unhealthy(reason: string): Fingerprint {
  return { health: { healthy: false, reason }, attributes: {}, images: [] }
}
