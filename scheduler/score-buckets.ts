// Nodes by their present score: finds the highest score and all nodes that have it without looking at the others. A placement
// moves one node from one bucket to another. Order inside a bucket means nothing: whoever reads one decides by hash and index.

export interface ScoreBuckets {
  set(index: number, score: number): void
  remove(index: number): void
  has(index: number): boolean
  scoreOf(index: number): number
  /** Highest score of a class that has nodes; undefined: it has none. */
  top(nodeClass: number): number | undefined
  nodesAt(nodeClass: number, score: number): readonly number[]
}

interface Shelf {
  readonly buckets: Map<number, number[]>
  /** Binary heap of scores, highest first; scores whose bucket is gone are dropped when they come to the top. */
  readonly heap: number[]
}

const nobody: readonly number[] = []

export function scoreBuckets(nodeCount: number, classCount: number, classOf: Int32Array): ScoreBuckets {
  const shelves: Shelf[] = Array.from({ length: classCount }, () => ({ buckets: new Map(), heap: [] }))
  const scores = new Int32Array(nodeCount)
  const places = new Int32Array(nodeCount).fill(-1)
  const shelfOf = (index: number): Shelf | undefined => shelves[classOf[index] ?? -1]
  const remove = (index: number): void => {
    const place = places[index] ?? -1
    const shelf = shelfOf(index)
    const bucket = shelf?.buckets.get(scores[index] ?? 0)
    if (place < 0 || shelf === undefined || bucket === undefined) return
    const last = bucket.pop()
    if (last !== undefined && last !== index) {
      bucket[place] = last
      places[last] = place
    }
    if (bucket.length === 0) shelf.buckets.delete(scores[index] ?? 0)
    places[index] = -1
  }
  return {
    remove,
    has: (index) => (places[index] ?? -1) >= 0,
    scoreOf: (index) => scores[index] ?? 0,
    set(index, score) {
      remove(index)
      const shelf = shelfOf(index)
      if (shelf === undefined) return
      let bucket = shelf.buckets.get(score)
      if (bucket === undefined) {
        shelf.buckets.set(score, (bucket = []))
        push(shelf.heap, score)
      }
      scores[index] = score
      places[index] = bucket.push(index) - 1
    },
    top(nodeClass) {
      const shelf = shelves[nodeClass]
      if (shelf === undefined) return undefined
      while (shelf.heap.length > 0 && !shelf.buckets.has(shelf.heap[0] ?? 0)) pop(shelf.heap)
      return shelf.heap[0]
    },
    nodesAt: (nodeClass, score) => shelves[nodeClass]?.buckets.get(score) ?? nobody,
  }
}

function push(heap: number[], value: number): void {
  let i = heap.push(value) - 1
  for (let parent = (i - 1) >> 1; i > 0 && (heap[parent] ?? 0) < value; parent = (i - 1) >> 1) {
    heap[i] = heap[parent] ?? 0
    i = parent
  }
  heap[i] = value
}

function pop(heap: number[]): void {
  const value = heap.pop()
  if (value === undefined || heap.length === 0) return
  let i = 0
  for (;;) {
    let child = 2 * i + 1
    if (child + 1 < heap.length && (heap[child + 1] ?? 0) > (heap[child] ?? 0)) child++
    if (child >= heap.length || (heap[child] ?? 0) <= value) break
    heap[i] = heap[child] ?? 0
    i = child
  }
  heap[i] = value
}
