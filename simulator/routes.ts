// Lines between two boards that are longer or worse than the rest: what goes over them comes later, and what is lost is sent again, as
// TCP does. Nothing overtakes anything on one of them.

import type { NodeId } from '../crdt/ids.ts'
import type { Prng } from './prng.ts'

interface Route {
  readonly delayMs: number
  /** 0 … 1, for each try. */
  readonly loss: number
  arrivesAt: number
}

/** TCP sends a lost segment again after so long, then after twice as long … */
export const resendMs = 200
/** By then it has come, or the connection is given up. */
const resendMsMax = 12_800

/** How late a segment comes that is lost with this chance at each try; the last wait that is drawn is `lastWaitMs` at most. */
export function resentLate(prng: Prng, loss: number, lastWaitMs: number): number {
  let late = 0
  for (let wait = resendMs; wait <= lastWaitMs && prng.chance(loss); wait *= 2) late += wait
  return late
}

export class Routes {
  readonly #routes = new Map<string, Route>()

  /** From one board to another, on top of what every link has. */
  set(from: NodeId, to: NodeId, delayMs: number, loss: number): void {
    const key = `${from}>${to}`
    const arrivesAt = this.#routes.get(key)?.arrivesAt ?? 0
    // One that is as any other again still must not let later frames pass earlier ones.
    if (delayMs > 0 || loss > 0 || arrivesAt > 0) this.#routes.set(key, { delayMs, loss, arrivesAt })
  }

  /** How much later than on any other link something arrives that is sent at `now`. */
  late(from: NodeId, to: NodeId, now: number, prng: Prng): number {
    if (this.#routes.size === 0) return 0
    const route = this.#routes.get(`${from}>${to}`)
    if (route === undefined) return 0
    const late = route.delayMs + resentLate(prng, route.loss, resendMsMax)
    route.arrivesAt = Math.max(route.arrivesAt, now + late)
    return route.arrivesAt - now
  }
}
