// Steps of the core that took too long, told in few lines: on an overloaded board nearly every step is one, the log is written
// synchronously, and a line for each would be a good part of the load that it complains of. The metrics count them all.

/** A step of the core must stay below this (DESIGN 13). */
const slowStepMs = 50
/** After a line so many more steps are only counted, for the next one. */
const quietMs = 10_000

export type TellSlow = (data: object, message: string) => void

export class SlowSteps {
  readonly #tell: TellSlow
  #quietUntil = -Infinity
  #untold = 0
  #longest = 0

  constructor(tell: TellSlow) {
    this.#tell = tell
  }

  took(event: string, ms: number, now: number): void {
    if (ms <= slowStepMs) return
    if (now < this.#quietUntil) {
      this.#untold++
      this.#longest = Math.max(this.#longest, ms)
      return
    }
    const others = this.#untold === 0 ? {} : { others: this.#untold, longest: Math.round(this.#longest) }
    this.#tell({ event, ms: Math.round(ms), ...others }, 'a step took too long')
    this.#quietUntil = now + quietMs
    this.#untold = 0
    this.#longest = 0
  }
}
