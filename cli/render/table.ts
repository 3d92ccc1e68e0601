// Columns without borders, as `docker ps` and `nomad` print them. Cells are made safe here, once, for every view.

import Table from 'cli-table3'
import type { Paint } from './paint.ts'
import { safe } from './words.ts'

export interface Column<Row> {
  readonly head: string
  readonly text: (row: Row) => string
  readonly paint?: (text: string, row: Row) => string
  readonly right?: boolean
}

const borders = [
  'top',
  'top-mid',
  'top-left',
  'top-right',
  'bottom',
  'bottom-mid',
  'bottom-left',
  'bottom-right',
  'left',
  'left-mid',
  'mid',
  'mid-mid',
  'right',
  'right-mid',
]
const noBorders = { ...Object.fromEntries(borders.map((border) => [border, ''])), middle: '  ' }

export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[], paint: Paint): string {
  const made = new Table({
    head: columns.map((column) => paint.bold(column.head)),
    colAligns: columns.map((column) => (column.right === true ? 'right' : 'left')),
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0, compact: true },
    chars: noBorders,
  })
  for (const row of rows) {
    made.push(
      columns.map((column) => {
        const text = safe(column.text(row))
        return column.paint === undefined ? text : column.paint(text, row)
      }),
    )
  }
  return `${trimRight(made.toString())}\n`
}

/** cli-table3 fills the last column; trailing blanks would wrap in narrow terminals. */
function trimRight(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
