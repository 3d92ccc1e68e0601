// A ban, for people: whom a board does not talk with, why and for how long.

import type { BanRow } from '../../crdt/api-types.ts'
import { age, safe, shortId } from './words.ts'

export function banLine({ id, name, code, leftMs, isHeld }: BanRow, by: string): string {
  const whom = safe(name) || shortId(id)
  const held = isHeld ? '' : '; not carried out, since too few others are heard'
  return `${safe(by)} has banned ${whom} for another ${age(leftMs)} (${code})${held}`
}
