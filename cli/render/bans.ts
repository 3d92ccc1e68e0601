// A ban, for people: whom a board does not talk with, why and for how long.

import type { BanRow } from '../../crdt/api-nodes.ts'
import { age, safe, shortId } from './words.ts'

export function banLine(ban: BanRow, by: string): string {
  const held = ban.isHeld ? '' : '; not carried out, since too few others are heard'
  return `${safe(by)} has banned ${nameOfBanned(ban)} for another ${age(ban.leftMs)} (${safe(ban.code)})${held}`
}

export function nameOfBanned({ id, name }: BanRow): string {
  return safe(name) || shortId(id)
}
