// What the doctor found, for people: one paragraph a finding, and on request who hears whom.

import type { ExaminedRow, Finding, ReachRow, Severity } from '../../crdt/api-doctor.ts'
import type { ReplyOf } from '../peers/client.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { age, plural, safe, time } from './words.ts'

/** Of a group: the rest is counted. */
const namesShown = 8

export function doctorText({ coverage, diagnosis }: ReplyOf<'doctor'>, paint: Paint, withMatrix: boolean): string {
  const { findings, reach, examined, unanswered, notExamined } = diagnosis
  const title =
    findings.length === 0
      ? paint.good(`nothing is wrong, as ${safe(coverage.nodeName)} and ${plural(examined.length - 1, 'other board')} see it\n`)
      : paint.bold(
          `${plural(findings.length, 'finding')}, as ${safe(coverage.nodeName)} and ${plural(examined.length - 1, 'other board')} see it\n`,
        )
  const silent = unanswered.map(({ name, why }) => `${safe(name)} could not be asked: ${safe(why)}\n`).join('')
  const matrix = withMatrix ? [reachTable(reach, paint), examinedTable(examined, paint)] : []
  const blind = `${paint.dim(`not examined: ${notExamined.map(safe).join('; ')}`)}\n`
  return [title, ...findings.map((finding) => findingText(finding, paint)), ...(silent === '' ? [] : [silent]), ...matrix, blind].join('\n')
}

function findingText(finding: Finding, paint: Paint): string {
  const { id, severity, sinceMs, evidence, stillWorks, whatToDo } = finding
  const since = sinceMs === null ? '' : `, for ${age(sinceMs)} (since ${time(Date.now() - sinceMs)})`
  const lines = [
    `${coloured(severity, paint)(`${severity} ${safe(id)}:`)} ${betweenWords(finding)}${since}`,
    ...evidence.map((line) => `    ${safe(line)}`),
    `    ${paint.dim('still works:')} ${safe(stillWorks)}`,
    `    ${paint.dim('what to do:')} ${safe(whatToDo)}`,
  ]
  return `${lines.join('\n')}\n`
}

function coloured(severity: Severity, paint: Paint): (text: string) => string {
  return severity === 'critical' ? paint.bad : severity === 'warning' ? paint.warn : paint.bold
}

function betweenWords({ from, to, direction }: Finding): string {
  if (to.length === 0) return `on ${listed(from)}`
  if (direction === 'from-to') return `nothing gets from ${listed(from)} to ${listed(to)}`
  const words = direction === 'both' ? 'in both directions' : 'in which direction cannot be told from here'
  return `between ${listed(from)} and ${listed(to)}, ${words}`
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, namesShown).map(safe).join(', ')
  return names.length > namesShown ? `${shown} and ${names.length - namesShown} more` : shown
}

function reachTable(rows: readonly ReachRow[], paint: Paint): string {
  return table<ReachRow>(
    [
      { head: 'FROM', text: ({ from }) => from, paint: paint.bold },
      { head: 'TO', text: ({ to }) => to },
      { head: 'HEARD', text: ({ heard }) => heard, paint: (text) => (text === 'no' ? paint.bad(text) : text) },
      { head: 'LAST', text: ({ ageMs }) => (ageMs === null ? '-' : `${age(ageMs)} ago`) },
      { head: 'ROUND TRIP', text: ({ roundTripMs }) => (roundTripMs === null ? '-' : `${roundTripMs} ms`), right: true },
    ],
    rows,
    paint,
  )
}

function examinedTable(rows: readonly ExaminedRow[], paint: Paint): string {
  return table<ExaminedRow>(
    [
      { head: 'BOARD', text: ({ name }) => name, paint: paint.bold },
      { head: 'AGENT', text: ({ version }) => version },
      { head: 'UP', text: ({ upMs }) => age(upMs) },
      { head: 'CLOCK', text: ({ clockMs }) => `${clockMs < 0 ? '-' : '+'}${age(Math.abs(clockMs))}` },
      { head: 'DOCUMENTS', text: ({ documents }) => `${documents.count} (${documents.hash.slice(0, 8)})` },
      { head: 'QUIET', text: ({ documents }) => age(documents.quietMs) },
      { head: 'DISK FREE', text: ({ disk }) => (disk === null ? '-' : `${disk.freeMib} MiB`), right: true },
      { head: 'MEMORY FREE', text: ({ memory }) => (memory === null ? '-' : `${memory.availableMib} MiB`), right: true },
      { head: 'RELAYED', text: ({ relayed }) => String(relayed), right: true },
    ],
    rows,
    paint,
  )
}
