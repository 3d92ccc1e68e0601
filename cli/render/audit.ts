// The audit for people: newest first, a head and a few lines for each change.

import type { AuditChange, AuditRow } from '../documents/audit.ts'
import type { Paint } from './paint.ts'
import { plural, safe, shortId, time } from './words.ts'

/** A job's first version has some forty values, of which nobody reads more in a list; `-o json` has all. */
const linesMax = 8

export function auditText(rows: readonly AuditRow[], names: ReadonlyMap<string, string>, paint: Paint): string {
  return rows.length === 0 ? 'no changes\n' : rows.map((row) => rowText(row, names, paint)).join('\n')
}

function rowText(
  { time: at, author, doc, pool, run, counts, changes }: AuditRow,
  names: ReadonlyMap<string, string>,
  paint: Paint,
): string {
  const name = names.get(author)
  const who = name === undefined ? shortId(author) : `${safe(name)} (${shortId(author)})`
  const where = pool === null ? '' : ` in pool ${safe(pool)}`
  const said = counts
    ? ''
    : paint.bold(`  without effect: ${pool === null ? 'the key is revoked, or too few admins have signed' : 'the key is revoked'}`)
  const shown = changes.length > linesMax ? changes.slice(0, linesMax - 1) : changes
  const more = changes.length - shown.length
  const lines = [...shown.map(changeLine), ...(more > 0 ? [`and ${plural(more, 'more value')}`] : [])]
  return `${time(at * 1_000)}  ${who}  ${paint.bold(safe(doc))}${where}  run ${shortId(run)}${said}\n${lines.map((line) => `    ${line}\n`).join('')}`
}

function changeLine({ path, before, after }: AuditChange): string {
  const now = JSON.stringify(after)
  return safe(before === null ? `${path} = ${now}` : `${path}: ${JSON.stringify(before)} -> ${now}`)
}
