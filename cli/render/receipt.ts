// The receipt of a write, in one line: what was taken, and who has it so far.

import type { Receipt } from '../submit.ts'
import { plural, safe } from './words.ts'

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
