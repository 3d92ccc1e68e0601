// Whose fault it is that an envelope was refused: of whoever brought it, of whoever signed it, of both or of nobody (`offences.ts`).

import type { Envelope } from '../../../crdt/envelope.ts'
import type { GateCode } from '../../../crdt/gate.ts'
import { type NodeId, nodeDocId } from '../../../crdt/ids.ts'
import type { Step } from '../state.ts'
import { blame } from './judge.ts'
import { type Offence, offences } from './offences.ts'
import { isNewProof } from './state.ts'

export interface RefusedEnvelope {
  readonly from: NodeId
  readonly via: 'stream' | 'gossip'
  readonly bytes: Uint8Array
  readonly code: GateCode
}

export function blameForEnvelope(step: Step, { from, via, bytes, code }: RefusedEnvelope): void {
  if (offences[code].points === 0 && code !== 'E_RIGHT') return
  const decoded = step.state.engine.decodeEnvelope(bytes)
  if (!decoded.ok) return
  const envelope = decoded.value
  const offence: Offence = code === 'E_RIGHT' && isUsurped(envelope) ? 'E_USURPED' : code
  const { points, blames } = offences[offence]
  if (points === 0) return
  if (via === 'stream' && blames !== 'author') blame(step, from, offence)
  // A board's key: operators' are no peers, and have their rights taken from them.
  const author = envelope.author as NodeId
  const isProved = blames !== 'deliverer' && envelope.kind === 'node' && (author !== from || via === 'gossip' || blames === 'author')
  // Once for all its copies: it comes again with every exchange, and anybody may say it again.
  if (isProved && isNewProof(step.state.conduct, envelope.hash)) blame(step, author, offence)
}

/** The envelope's head alone says that it is another board's document. */
function isUsurped({ kind, doc, author }: Envelope): boolean {
  return kind === 'node' && doc !== nodeDocId(author as NodeId)
}
