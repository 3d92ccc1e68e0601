// Sends a signed change and waits for its receipt: which nodes have it so far. The change itself is made by the caller; sending
// the same envelopes again is harmless.

import { toBase64 } from '../../crdt/base64.ts'
import type { Envelope } from '../../crdt/envelope.ts'
import type { ReplyOf } from '../peers/client.ts'
import { CliError } from '../errors.ts'
import type { Session } from '../peers/session.ts'

export interface Receipt extends ReplyOf<'receipt'> {
  /** As many nodes as were asked for have it. */
  readonly confirmed: boolean
}

export interface ConfirmOptions {
  readonly confirm: number
  /** ms */
  readonly confirmTimeout: number
}

/** The peer ends the wait itself; this much later we stop waiting for the peer. */
const graceMs = 5_000

export async function submit(
  session: Session,
  envelopes: readonly Envelope[],
  pool: string | undefined,
  options: ConfirmOptions,
): Promise<Receipt> {
  const { confirm, confirmTimeout: confirmTimeoutMs } = options
  const waitMs = confirm > 1 ? confirmTimeoutMs + graceMs : session.timeoutMs
  const signal = AbortSignal.timeout(waitMs)
  const body = { method: 'doc.put', envelopes: envelopes.map((one) => toBase64(one.bytes)), confirm, timeoutMs: confirmTimeoutMs } as const
  let last: ReplyOf<'receipt'> | null = null
  try {
    for await (const reply of session.follow(body, signal, pool)) {
      if (reply.kind !== 'receipt') throw new CliError('E_REPLY', `the peer answered with '${reply.kind}' where a receipt was expected`)
      last = reply
      if (reply.final || confirm <= 1) break
    }
  } catch (error) {
    // Once there is a receipt the change is in the mesh: a broken wait is a missing confirmation, not a failed command.
    if (last === null) throw error
  }
  if (last === null)
    throw new CliError('E_REPLY', 'the peer gave no receipt', { hint: 'whether it took the change is not known; run the command again' })
  return { ...last, confirmed: last.confirmedBy.length >= confirm }
}
