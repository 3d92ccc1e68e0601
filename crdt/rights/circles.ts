// Circles among things that wait for one another. One walk, however many things and ties there are: whoever signs changes chooses them.

interface Visit<T> {
  readonly one: T
  readonly index: number
  /** The first visit that is reached from here and not settled yet. */
  low: number
  readonly others: Iterator<T>
}

/**
 * Those that wait only for one another, directly or not: of each circle that waits for nothing outside itself, all of its members, in the order
 * of `all`. What waits for nothing is a circle of its own. `waitsFor` is asked once of each.
 */
export function closedCircles<T>(all: readonly T[], waitsFor: (one: T) => Iterable<T>): T[] {
  const indexOf = new Map<T, number>()
  /** Walked to an end: in a circle that is known whole. */
  const settled = new Set<T>()
  const closed = new Set<T>()
  for (const start of all) if (!indexOf.has(start)) walk(start)
  return all.filter((one) => closed.has(one))

  // Tarjan's strongly connected components, without recursion. What a component waits for outside itself was settled before it.
  function walk(start: T): void {
    const path: Visit<T>[] = []
    const unsettled: T[] = []
    const leaves = new Set<T>()
    const enter = (one: T): void => {
      const index = indexOf.size
      indexOf.set(one, index)
      unsettled.push(one)
      path.push({ one, index, low: index, others: waitsFor(one)[Symbol.iterator]() })
    }
    enter(start)
    for (let visit = path.at(-1); visit !== undefined; visit = path.at(-1)) {
      const { done, value: other } = visit.others.next()
      if (done === true) {
        path.pop()
        if (visit.low === visit.index) settle(visit.one, unsettled, leaves)
        const before = path.at(-1)
        if (before !== undefined && !settled.has(visit.one)) before.low = Math.min(before.low, visit.low)
        else if (before !== undefined) leaves.add(before.one)
      } else if (!indexOf.has(other)) enter(other)
      else if (settled.has(other)) leaves.add(visit.one)
      else visit.low = Math.min(visit.low, indexOf.get(other)!)
    }
  }

  /** `leaves`: those that wait for something in another circle. */
  function settle(root: T, unsettled: T[], leaves: ReadonlySet<T>): void {
    const circle = unsettled.splice(unsettled.indexOf(root))
    for (const one of circle) settled.add(one)
    if (!circle.some((one) => leaves.has(one))) for (const one of circle) closed.add(one)
  }
}
