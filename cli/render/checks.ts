// Checks for people: one line each, with what it said last.

import type { CheckRow } from '../../crdt/api-jobs.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { age, safe } from './words.ts'

export interface ShownChecks {
  readonly checks?: readonly CheckRow[]
  /** Why the copy's board did not tell. */
  readonly checksUnknown?: string
}

export function checkTable({ checks, checksUnknown }: ShownChecks, paint: Paint): string {
  if (checksUnknown !== undefined) return `\n${paint.warn('checks:')} ${safe(checksUnknown)}\n`
  if (checks === undefined || checks.length === 0) return ''
  const rows = table<CheckRow>(
    [
      { head: 'CHECK', text: ({ name }) => name, paint: paint.bold },
      { head: 'TYPE', text: ({ type }) => type },
      { head: 'STATE', text: ({ state }) => state, paint: paintState(paint) },
      { head: 'ASKED', text: ({ ageMs }) => (ageMs === null ? 'not yet' : `${age(ageMs)} ago`) },
      { head: 'LAST OUTPUT', text: ({ output }) => firstLine(output) },
    ],
    checks,
    paint,
  )
  return `\n${rows}`
}

function paintState(paint: Paint): (text: string, row: CheckRow) => string {
  return (text, { state }) => (state === 'passing' ? paint.good(text) : state === 'failing' ? paint.bad(text) : paint.warn(text))
}

/** The rest is in `--output json`. */
function firstLine(output: string): string {
  const [first = '', ...rest] = output.split('\n')
  return rest.length === 0 ? first : `${first} …`
}
