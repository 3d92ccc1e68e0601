// What this board refused, by code: for metrics and tests.

import type { State } from './state.ts'

export function countRefusal({ refusals }: State, code: string): void {
  refusals[code] = (refusals[code] ?? 0) + 1
}
