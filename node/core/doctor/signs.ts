// What a board remembers for `shoal doctor` alone: since when something is wrong that its other state only says is so. In memory, a few
// entries, and no decision follows from it.

import { isRelayed } from '../dialling/address-book.ts'
import type { Boot } from '../event.ts'
import type { State, Step } from '../state.ts'

export interface Signs {
  /** Since when the disk has taken no writes; null: it does. */
  storeSince: number | null
  /** The last change of the own addresses, and what they were. */
  moved: { readonly before: readonly string[]; readonly at: number } | null
  /** Drivers that have worked in this boot. */
  readonly wasWell: Set<string>
}

export function noSigns(fingerprints: Boot['fingerprints']): Signs {
  return { storeSince: null, moved: null, wasWell: new Set(driversThatWork(fingerprints)) }
}

export function noteStore({ state, now }: Step, writable: boolean): void {
  state.signs.storeSince = writable ? null : (state.signs.storeSince ?? now)
}

/** The first addresses of a boot are no change, and more of them neither: an interface came up. Nor is it one to be reached through another relay. */
export function takeAddresses({ state, now }: Step, addresses: readonly string[]): void {
  const before = state.addresses
  if (before.some((address) => !isRelayed(address) && !addresses.includes(address))) state.signs.moved = { before, at: now }
  state.addresses = [...addresses].sort()
}

export function noteDrivers({ signs, fingerprints }: State): void {
  for (const driver of driversThatWork(fingerprints)) signs.wasWell.add(driver)
}

function driversThatWork(fingerprints: Boot['fingerprints']): string[] {
  return Object.entries(fingerprints).flatMap(([driver, { health }]) => (health.healthy ? [driver] : []))
}
