// Who is connected with whom in a large pool: few connections a board.

import type { Overlay } from '../overlay.ts'

/** Steps that grow, so that any two boards are few hops apart. */
export function overlayOf(nodes: number, dials: number): Overlay {
  return Array.from({ length: nodes }, (_, from) =>
    Array.from({ length: dials }, (_, nth) => [from, (from + 1 + 7 * nth * (nth + 1)) % nodes] as const).filter(([a, b]) => a !== b),
  ).flat()
}
