// What a change would do: field by field, and slot by slot.

import type { PlannedSlot } from '../../crdt/api-jobs.ts'
import type { FieldChange } from '../job-file/flatten.ts'
import { placeText, slotText } from './allocs.ts'
import type { Paint } from './paint.ts'
import { reasonText } from './reasons.ts'
import { table } from './table.ts'
import { safe, shortId } from './words.ts'

export function fieldChangeLines(changes: readonly FieldChange[], paint: Paint): string {
  return changes
    .map(({ path, before, after }) => {
      const where = safe(path)
      if (before === null) return `${paint.good('+')} ${where}: ${safe(after ?? '')}\n`
      if (after === null) return `${paint.bad('-')} ${where}: ${safe(before)}\n`
      return `${paint.warn('~')} ${where}: ${safe(before)} → ${safe(after)}\n`
    })
    .join('')
}

const words: Readonly<Record<PlannedSlot['action'], string>> = {
  keep: 'stays on',
  place: 'starts on',
  update: 'is updated on',
  stop: 'stops on',
  complete: 'is complete on',
  none: 'is not placed',
}

export function plannedTable(slots: readonly PlannedSlot[], names: ReadonlyMap<string, string>, paint: Paint): string {
  if (slots.length === 0) return 'no copies are wanted\n'
  const color = { keep: paint.dim, place: paint.good, update: paint.warn, stop: paint.bad, complete: paint.dim, none: paint.bad }
  const evicts = { head: 'EVICTS', text: (slot: PlannedSlot) => slot.evicts?.map(slotText).join(', ') ?? '' }
  return table<PlannedSlot>(
    [
      { head: 'SLOT', text: placeText, paint: paint.bold },
      { head: 'WHAT', text: (slot) => words[slot.action] ?? slot.action, paint: (text, slot) => (color[slot.action] ?? paint.dim)(text) },
      { head: 'NODE', text: (slot) => (slot.node === null ? '-' : (names.get(slot.node) ?? shortId(slot.node))) },
      ...(slots.some((slot) => slot.evicts !== undefined) ? [evicts] : []),
      { head: 'WHY', text: (slot) => (slot.reason === null ? '' : reasonText(slot.reason)) },
    ],
    slots,
    paint,
  )
}
