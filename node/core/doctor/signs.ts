// What a board remembers for `shoal doctor` alone: since when something is wrong that its other state only says is so. In memory, a few
// entries, and no decision follows from it.

import type { State, Step } from '../state.ts'

export interface Signs {
  /** Since when the disk has taken no writes; null: it does. */
  storeSince: number | null
  /** The last change of the own addresses, and what they were. */
  moved: { readonly before: readonly string[]; readonly at: number } | null
  /** Drivers that have worked in this boot. */
  readonly wasWell: Set<string>
}

export function noSigns(): Signs {
  return { storeSince: null, moved: null, wasWell: new Set() }
}

export function noteStore({ state, now }: Step, writable: boolean): void {
  state.signs.storeSince = writable ? null : (state.signs.storeSince ?? now)
}

/** The first addresses of a boot are no change, and more of them neither: an interface came up. */
export function noteAddresses({ state, now }: Step, addresses: readonly string[]): void {
  const before = state.addresses
  if (before.some((address) => !addresses.includes(address))) state.signs.moved = { before, at: now }
}

export function noteDrivers({ signs, fingerprints }: State): void {
  for (const [driver, { health }] of Object.entries(fingerprints)) if (health.healthy) signs.wasWell.add(driver)
}
