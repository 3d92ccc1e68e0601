// Virtual time: what is due next, in order of time and then of arrival, so that a run is the same every time.

interface Entry {
  readonly at: number
  readonly order: number
  readonly act: () => void
}

export class EventQueue {
  #heap: Entry[] = []
  #order = 0
  now = 0

  /** Calls `act` at the virtual time `at` (ms), never before now. */
  at(at: number, act: () => void): void {
    this.#push({ at: Math.max(at, this.now), order: this.#order++, act })
  }

  after(delay: number, act: () => void): void {
    this.at(this.now + delay, act)
  }

  /** Carries out everything that is due up to `until`. */
  run(until: number): void {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop()
      this.now = next.at
      next.act()
    }
    this.now = Math.max(this.now, until)
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    heap.push(entry)
    for (let i = heap.length - 1; i > 0;) {
      const parent = (i - 1) >> 1
      if (!isBefore(heap[i]!, heap[parent]!)) break
      ;[heap[i], heap[parent]] = [heap[parent]!, heap[i]!]
      i = parent
    }
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let i = 0; ;) {
      const left = 2 * i + 1
      let least = i
      for (const child of [left, left + 1]) if (child < heap.length && isBefore(heap[child]!, heap[least]!)) least = child
      if (least === i) break
      ;[heap[i], heap[least]] = [heap[least]!, heap[i]!]
      i = least
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}
