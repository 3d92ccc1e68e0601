// A played scenario for people: what happened, who ran each slot, and what it came to.

import type { JobReport, Report, SlotReport, Span } from '../../simulator/scenario/report.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { safe } from './words.ts'

/** More slots than this are left to --output json and --html. */
const slotsShownMax = 40
/** A flapping link fills a screen with lines that say the same. */
const happeningsShownMax = 60

/** Virtual time: `1:02:03.4`, hours only when there are some. */
export function clock(ms: number): string {
  const tenths = Math.floor(ms / 100)
  const [hours, minutes, seconds] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60, (tenths % 600) / 10]
  const padded = seconds.toFixed(1).padStart(4, '0')
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${padded}` : `${minutes}:${padded}`
}

export function simText(report: Report, paint: Paint): string {
  return [
    `${paint.bold(safe(report.scenario))}\n`,
    happeningLines(report, paint),
    slotLines(report, paint),
    jobTable(report, paint),
    boardTable(report, paint),
  ]
    .map((part) => (part.endsWith('\n') ? part : `${part}\n`))
    .join('\n')
}

function happeningLines({ happenings, notes }: Report, paint: Paint): string {
  const told = [
    ...happenings.map(({ event, text }) => ({ atMs: event.atMs, text: safe(text) })),
    ...notes.map(({ atMs, text }) => ({ atMs, text: paint.warn(safe(text)) })),
  ].toSorted((a, b) => a.atMs - b.atMs)
  const lines = told.slice(0, happeningsShownMax).map(({ atMs, text }) => `${clock(atMs).padStart(10)}  ${text}\n`)
  if (told.length > lines.length) lines.push(`${''.padStart(10)}  … and ${told.length - lines.length} more\n`)
  return lines.join('')
}

function slotLines({ slots, durationMs, boards }: Report, paint: Paint): string {
  const isOne = hasOnePool(boards)
  const inPool = ({ pool }: SlotReport): string => (isOne ? '' : paint.dim(` in ${safe(pool)}`))
  const lines = slots
    .slice(0, slotsShownMax)
    .map((slot) => `${paint.bold(safe(slot.slot))}${inPool(slot)}\n${copyLines(slot, durationMs, paint)}`)
  if (slots.length > lines.length) lines.push(`… and ${slots.length - lines.length} more slots\n`)
  return lines.join('')
}

function hasOnePool(boards: Report['boards']): boolean {
  return boards.every(({ pool }) => pool === boards[0]?.pool)
}

function copyLines({ copies, nobody, several }: SlotReport, endMs: number, paint: Paint): string {
  const until = (toMs: number): string => (toMs >= endMs ? 'the end' : clock(toMs))
  const rows = [
    ...copies.map(({ board, generation, version, fromMs, toMs }) => ({
      fromMs,
      text: `${clock(fromMs).padStart(10)} to ${until(toMs).padEnd(9)} ${safe(board)}${remarks(generation, version)}`,
    })),
    ...spanRows(nobody, (text) => paint.bad(`${text} nobody`), until),
    ...spanRows(several, (text) => paint.warn(`${text} more than one`), until),
  ]
  return rows
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .map(({ text }) => `${text}\n`)
    .join('')
}

function remarks(generation: number, version: number): string {
  const parts = [...(generation > 1 ? [`generation ${generation}`] : []), ...(version > 1 ? [`version ${version}`] : [])]
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}

function spanRows(
  spans: readonly Span[],
  words: (text: string) => string,
  until: (ms: number) => string,
): { fromMs: number; text: string }[] {
  return spans.map(([fromMs, toMs]) => ({ fromMs, text: words(`${clock(fromMs).padStart(10)} to ${until(toMs).padEnd(9)}`) }))
}

function jobTable({ jobs, boards }: Report, paint: Paint): string {
  const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`
  return table<JobReport>(
    [
      { head: 'JOB', text: ({ job }) => job, paint: paint.bold },
      ...(hasOnePool(boards) ? [] : [{ head: 'POOL', text: ({ pool }: JobReport) => pool }]),
      { head: 'SLOTS', text: ({ slots }) => String(slots), right: true },
      { head: 'AVAILABLE', text: ({ availablePercent }) => `${availablePercent.toFixed(2)} %`, right: true },
      { head: 'ALL RAN AFTER', text: ({ firstRunningMs }) => (firstRunningMs === null ? 'never' : seconds(firstRunningMs)), right: true },
      { head: 'LONGEST GAP', text: ({ longestGapMs }) => seconds(longestGapMs), right: true },
      { head: 'MORE THAN ONE', text: ({ severalMs }) => seconds(severalMs), right: true },
      { head: 'MOVES', text: ({ moves }) => String(moves), right: true },
      { head: 'RESTARTS', text: ({ restarts }) => String(restarts), right: true },
    ],
    jobs,
    paint,
  )
}

function boardTable({ boards, durationMs }: Report, paint: Paint): string {
  return table<Report['boards'][number]>(
    [
      { head: 'BOARD', text: ({ name }) => name, paint: paint.bold },
      { head: 'POOL', text: ({ pool }) => pool },
      { head: 'MESSAGES', text: ({ messagesSent }) => String(messagesSent), right: true },
      { head: 'SENT', text: ({ bytesSent }) => `${(bytesSent / 1_000).toFixed(1)} kB`, right: true },
      { head: 'A SECOND', text: ({ bytesSent }) => `${((1_000 * bytesSent) / durationMs).toFixed(0)} B`, right: true },
      { head: 'BOOTS', text: ({ boots }) => String(boots), right: true },
    ],
    boards,
    paint,
  )
}
