// The earliest moment at which waiting ends: collected while the plan is made, so that a node sleeps until then and no longer.

export class Wake {
  #at: number | null = null
  readonly #now: number

  constructor(now: number) {
    this.#now = now
  }

  /** Moments that have passed are of no interest: what waited for them has been decided. */
  by(time: number | null): void {
    if (time !== null && time > this.#now && (this.#at === null || time < this.#at)) this.#at = time
  }

  get at(): number | null {
    return this.#at
  }
}
