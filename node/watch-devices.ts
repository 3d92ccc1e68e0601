// Looks at the board's devices at the start and every few seconds, and tells the core when something is different. A look that does not
// answer tells nothing: what is not known to be there is not known to be gone.

import type { Clock, DeviceFinder } from './core/ports.ts'
import type { LooseEvent } from './loose-event.ts'

export interface WatchDevicesInput {
  readonly finder: DeviceFinder
  readonly clock: Clock
  readonly push: (event: LooseEvent) => void
}

/** A hundred small files of memory: nothing beside what the agent does anyway, and soon enough for who plugs something in. */
const lookEveryMs = 5_000

/** Returns the function that ends it. */
export function watchDevices({ finder, clock, push }: WatchDevicesInput): () => void {
  let before: string | null = null
  let ended = false
  let cancel: (() => void) | null = null
  const look = async (): Promise<void> => {
    const found = await finder.find()
    if (ended) return
    const now = found === null ? before : JSON.stringify(found)
    if (found !== null && now !== before) push({ kind: 'devices', found })
    before = now
    cancel = clock.at(clock.now() + lookEveryMs, () => void look())
  }
  void look()
  return () => {
    ended = true
    cancel?.()
  }
}
