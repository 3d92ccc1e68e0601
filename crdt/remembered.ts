// Answers that follow from a name, such as a change's hash, kept for the next time. Nobody can tell but by the time that it takes: what
// is forgotten is worked out again.

export class Remembered<T> {
  readonly #known = new Map<string, T>()
  readonly #countMax: number

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  of(name: string, workOut: () => T): T {
    const known = this.#known.get(name)
    if (known !== undefined) return known
    const answer = workOut()
    this.#known.set(name, answer)
    if (this.#known.size > this.#countMax) {
      const [oldest] = this.#known.keys()
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    return answer
  }
}
