// A roll-out's table: one row a slot, the same rows in the same order at every redraw.

import type { JobDetail, SlotRow } from '../../crdt/api-jobs.ts'
import { allocState, isOver, paintAlloc, placeText, shownAlloc } from './allocs.ts'
import type { Paint } from './paint.ts'
import { arrivedWords } from './jobs.ts'
import { reasonText } from './reasons.ts'
import { table } from './table.ts'
import { shortId } from './words.ts'

/** More rows than a terminal shows would scroll away; the rest is counted. */
const rowsMax = 30

type Row = Pick<SlotRow, 'slot' | 'reason' | 'canary'>

export function rolloutTable(job: JobDetail, paint: Paint): string {
  const slots: readonly Row[] =
    job.slots.length > 0 ? job.slots : job.allocs.filter((alloc) => !isOver(alloc)).map(({ slot }): Row => ({ slot, reason: null }))
  const rows = slots.map((slot) => ({ ...slot, alloc: shownAlloc(job, slot) }))
  const text = table<(typeof rows)[number]>(
    [
      { head: 'SLOT', text: placeText, paint: paint.bold },
      { head: 'NODE', text: (row) => (row.alloc === undefined ? '-' : row.alloc.nodeName || shortId(row.alloc.node)) },
      {
        head: 'STATE',
        text: (row) => (row.alloc === undefined ? 'waiting' : allocState(row.alloc)),
        paint: (cell, row) => (row.alloc === undefined ? paint.warn(cell) : paintAlloc(paint, cell, row.alloc)),
      },
      { head: 'VERSION', text: (row) => row.alloc?.version ?? '-' },
      { head: 'WHY', text: (row) => row.alloc?.reason || (row.reason === null ? '' : reasonText(row.reason)) },
    ],
    rows.slice(0, rowsMax),
    paint,
  )
  const more = rows.length > rowsMax ? `… and ${rows.length - rowsMax} more\n` : ''
  const sum = job.desired === 'run' ? arrivedWords(job) : `${rows.length} still there`
  return `${rows.length === 0 ? '' : text}${more}${sum}\n`
}
