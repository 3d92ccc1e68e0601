// Who can connect to whom. Real boards keep some connections, however many there are; a world in which all connect to all costs the square
// of its boards.

import type { Board } from './board.ts'

/** Pairs that can connect, both ways, by the boards' places; absent: all. */
export type Overlay = readonly (readonly [number, number])[]

/** Whom each board can connect to, in the order of the boards. */
export function aroundEach(machines: ReadonlySet<Board>, overlay: Overlay | undefined): (board: Board) => readonly Board[] {
  if (overlay === undefined) return (board) => [...machines].filter((other) => other.spec.id !== board.spec.id)
  const boards = [...machines]
  const places = new Map<Board, Set<number>>(boards.map((board) => [board, new Set()]))
  for (const [a, b] of overlay) {
    places.get(boards[a]!)?.add(b)
    places.get(boards[b]!)?.add(a)
  }
  const around = new Map([...places].map(([board, others]) => [board, [...others].toSorted((a, b) => a - b).map((at) => boards[at]!)]))
  return (board) => around.get(board) ?? []
}
