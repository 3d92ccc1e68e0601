// The earliest moment at which waiting ends: collected while the plan is made, so that a node sleeps until then and no longer.

export class Wake {
  #at: number | null = null
  #isFromNow = false
  readonly #now: number

  constructor(now: number) {
    this.#now = now
  }

  /** Moments that have passed are of no interest: what waited for them has been decided. */
  by(time: number | null): void {
    if (time !== null && time > this.#now && (this.#at === null || time < this.#at)) this.#at = time
  }

  /** Somebody waits for a time that is counted from this very plan, since no other beginning is known: the next plan has another. */
  fromNow(): void {
    this.#isFromNow = true
  }

  get isFromNow(): boolean {
    return this.#isFromNow
  }

  get at(): number | null {
    return this.#at
  }
}
