// A node that drains, for people: by which wish, and what each copy that is left there waits for.

import type { DrainDetail, MoveRow } from '../../crdt/api-nodes.ts'
import { formatDuration } from '../job-file/units.ts'
import { placeText } from './allocs.ts'
import { reasonText } from './reasons.ts'
import { age, safe, time } from './words.ts'

/** In place of codes: what these mean depends on where the copy goes. */
const ways: Readonly<Record<string, (to: string) => string>> = {
  'starts-there': (to) => `goes to ${to}`,
  'awaits-health': (to) => `runs on ${to}, and stops here once it is healthy there`,
  stops: (to) => (to === '' ? 'is about to stop' : `is healthy on ${to}, and about to stop here`),
}

export function moveText(row: MoveRow): string {
  const { to, reason } = row
  const words = ways[reason]
  return `${placeText(row)}: ${words === undefined ? reasonText(reason) : words(safe(to ?? ''))}`
}

/** `since 2026-11-22T10:00:00Z (disk is worn); what is left is stopped after 1h, in 42m`. */
export function drainText({ saidAtMs, message, deadlineMs, leftMs, ignoresSystem }: DrainDetail): string {
  const since = saidAtMs === undefined ? 'yes' : `since ${time(saidAtMs)}`
  const why = message === undefined || message === '' ? '' : ` (${message})`
  const soon = leftMs === undefined ? '' : `, in ${age(leftMs)}`
  const end = deadlineMs === null ? 'for as long as it takes' : `what is left is stopped after ${formatDuration(deadlineMs)} there${soon}`
  return `${since}${why}; ${end}${ignoresSystem ? '; system jobs stay' : ''}`
}
