// Which envelopes a write sends. When the document already says everything, the last one that made it so is sent again: that
// changes nothing, but its receipt tells who has it, so `--confirm` works for a command that is run a second time.

import { fromBase64 } from '../../crdt/base64.ts'
import { type Envelope, decodeEnvelope } from '../../crdt/envelope.ts'
import type { Edit } from '../job/job-edit.ts'
import type { Session } from '../peers/session.ts'

export async function settlingEnvelopes(session: Session, edit: Edit, pool: string | undefined): Promise<readonly Envelope[]> {
  if (edit.envelopes.length > 0) return edit.envelopes
  const { envelopes } = await session.ask('doc', { method: 'doc.get', doc: edit.before.id }, pool === undefined ? {} : { pool })
  const last = fromBase64(envelopes.at(-1) ?? '')
  const decoded = last.ok ? decodeEnvelope(session.io.crypto, last.value) : last
  return decoded.ok ? [decoded.value] : []
}
