// The nearest known word for a word that is not known. Distances are Damerau-Levenshtein (swaps count as one), because most
// slips of the finger are swaps. A suggestion that is too far off is worse than none.

import { compareText } from '../../crdt/ids.ts'

/** Words longer than this are never compared: the table is quadratic, and the word is a stranger's. */
const wordLengthMax = 64

export function nearest(word: string, known: readonly string[]): string | null {
  if (word.length > wordLengthMax) return null
  const plain = fold(word)
  const ranked = known
    .map((candidate) => ({ candidate, distance: distance(plain, fold(candidate)) }))
    .toSorted((a, b) => a.distance - b.distance || compareText(a.candidate, b.candidate))
  const best = ranked[0]
  if (best === undefined || best.distance > Math.max(1, Math.floor(best.candidate.length / 3))) return null
  return best.candidate
}

/** `killTimeout`, `kill-timeout` and `kill_timeout` are the same slip. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '')
}

function distance(a: string, b: string): number {
  let before: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let best = Math.min(row[j - 1]! + 1, previous[j]! + 1, previous[j - 1]! + cost)
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) best = Math.min(best, before[j - 2]! + 1)
      row.push(best)
    }
    before = previous
    previous = row
  }
  return previous[b.length]!
}
