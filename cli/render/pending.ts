// Boards that are not admitted, for people: what to compare, and what each says of itself.

import type { PendingRow, WaitsRow } from '../../crdt/api-nodes.ts'
import type { ReplyOf } from '../peers/client.ts'
import { fields } from './fields.ts'
import type { Paint } from './paint.ts'
import { table } from './table.ts'

const sentences: Readonly<Record<PendingRow['reason'], string>> = {
  'no-certificate': 'its join file has no token for its pool',
  'token-unknown': 'nobody here has heard of its token',
  'token-revoked': 'its token is revoked',
  'token-expired': 'the time of its token was over before it came',
  'other-pool': 'its token is for another pool',
  'waiting-room': 'its token leaves it to an operator',
  surplus: 'more boards came with its token than that admits; it takes no new work',
}

export function waitWords(reason: PendingRow['reason']): string {
  return `${reason} (${sentences[reason] ?? 'a reason that only a newer shoal knows'})`
}

export function pendingTable({ boards }: ReplyOf<'pending'>, paint: Paint): string {
  if (boards.length === 0) return 'nobody waits\n'
  return table<PendingRow>(
    [
      { head: 'NAME', text: ({ name }) => name || '-', paint: paint.bold },
      { head: 'CODE', text: ({ code }) => code },
      { head: 'POOL', text: ({ pool }) => pool },
      { head: 'HARDWARE', text: ({ about }) => about || '-' },
      { head: 'AT', text: ({ at }) => at.join(', ') || '-' },
      { head: 'WHY', text: ({ reason }) => waitWords(reason) },
      { head: 'ID', text: ({ id }) => id, paint: paint.dim },
    ],
    boards,
    paint,
  )
}

/** What a board says of itself that is not admitted. */
export function waitsText({ reason, id, code }: WaitsRow, paint: Paint): string {
  return `${paint.warn('this board waits to be admitted')}: ${waitWords(reason)}\n${fields([
    ['Code', code],
    ['Id', id],
  ])}`
}
