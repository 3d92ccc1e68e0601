// Virtual time: what is due next, in order of time and then of arrival, so that a run is the same every time. What is due in the same
// millisecond is one list: most of a large pool happens in few of them, and a heap of single events would be most of its cost.

export class EventQueue {
  readonly #due = new Map<number, (() => void)[]>()
  /** A binary heap of the times in `#due`. */
  readonly #times: number[] = []
  /** How many of the first time's have been carried out. */
  #done = 0
  now = 0

  /** Calls `act` at the virtual time `at` (ms), never before now. */
  at(at: number, act: () => void): void {
    const time = Math.max(at, this.now)
    const list = this.#due.get(time)
    if (list !== undefined) {
      list.push(act)
      return
    }
    this.#due.set(time, [act])
    this.#push(time)
  }

  after(delay: number, act: () => void): void {
    this.at(this.now + delay, act)
  }

  /** Carries out everything that is due up to `until`. */
  run(until: number): void {
    for (let next = this.#times[0]; next !== undefined && next <= until; next = this.#times[0]) {
      this.now = next
      this.#carryOut(this.#due.get(next)!)
      this.#due.delete(next)
      this.#done = 0
      this.#pop()
    }
    this.now = Math.max(this.now, until)
  }

  /** What comes meanwhile for the same time is carried out last. */
  #carryOut(list: (() => void)[]): void {
    while (this.#done < list.length) {
      const act = list[this.#done]!
      // What it holds may be given up.
      list[this.#done++] = nothing
      act()
    }
  }

  #push(time: number): void {
    const heap = this.#times
    heap.push(time)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (heap[i]! >= heap[parent]!) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #pop(): void {
    const heap = this.#times
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let i = 0; ;) {
      const left = 2 * i + 1
      let least = i
      for (const child of [left, left + 1]) if (child < heap.length && heap[child]! < heap[least]!) least = child
      if (least === i) break
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
}

function nothing(): void {}
