// The receipt of a write, in one line: what was taken, and who has it so far; and the same of a job, board by board.

import type { Receipt } from '../documents/submit.ts'
import type { Holding, WhoHas } from '../job/who-has.ts'
import { shortJob } from '../job/job-ref.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'
import { age, plural, safe, shortId } from './words.ts'

/** More names than this are counted. */
const namesShown = 5

export function receiptLine(receipt: Receipt, wanted: number): string {
  const { confirmedBy, coverage, accepted } = receipt
  const names = confirmedBy.slice(0, namesShown).map(safe).join(', ')
  const more = confirmedBy.length > namesShown ? ` and ${confirmedBy.length - namesShown} more` : ''
  const has =
    confirmedBy.length === 0
      ? `taken by ${safe(coverage.nodeName)}`
      : `${plural(confirmedBy.length, 'node')} of ${coverage.nodesTotal} ${confirmedBy.length === 1 ? 'has' : 'have'} it: ${names}${more}`
  const missing = receipt.confirmed ? '' : `; ${wanted} were asked for, so this is not confirmed`
  return `receipt for ${accepted.map(safe).join(', ')}: ${has}${missing}\n`
}

const holdingWords = { same: 'yes', other: 'another state of it', nothing: 'no' } as const

export function holdingTable({ job, nodes, coverage }: WhoHas, paint: Paint): string {
  const same = nodes.filter(({ has }) => has === 'same').length
  const head = `${same} of ${plural(nodes.length, 'node')} ${same === 1 ? 'has' : 'have'} job ${safe(shortJob(job))} as ${safe(coverage.nodeName)} has it\n`
  const paintHas = (text: string, { has }: Holding): string => (has === 'same' ? paint.good(text) : paint.warn(text))
  return `${head}${table<Holding>(
    [
      { head: 'NODE', text: ({ name }) => name, paint: paint.bold },
      { head: 'ID', text: ({ node }) => shortId(node), paint: paint.dim },
      { head: 'HAS IT', text: ({ has }) => holdingWords[has], paint: paintHas },
      { head: 'STATE', text: ({ liveness }) => liveness },
      { head: 'SILENT', text: ({ silentMs }) => (silentMs > 0 ? age(silentMs) : '-') },
    ],
    nodes,
    paint,
  )}`
}
