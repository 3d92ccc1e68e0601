// The known key that a mistyped one most likely means, or null when none is near.

/** Keys longer than this are not compared: the table is quadratic. */
const keyLengthMax = 64

export function nearestKey(key: string, known: readonly string[]): string | null {
  if (key.length > keyLengthMax) return null
  let best: string | null = null
  let bestDistance = Infinity
  for (const candidate of known) {
    const found = distance(plain(key), plain(candidate))
    if (found < bestDistance) [best, bestDistance] = [candidate, found]
  }
  return best !== null && bestDistance <= Math.max(1, Math.trunc(best.length / 3)) ? best : null
}

/** `dataDir`, `data-dir` and `data_dir` are the same slip. */
function plain(key: string): string {
  return key.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** Levenshtein: insertions, deletions and replacements that lead from one to the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
