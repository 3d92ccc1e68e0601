// What a malicious board makes up in the name of others, or of an earlier time: changes under another's actor, link states that are not so,
// and documents of an epoch that is over. Each function returns the frames of one round.

import type { NodeRecord } from '../../crdt/documents/node.ts'
import { nodeFromRegisters, nodeToRegisters } from '../../crdt/documents/node.ts'
import type { Doc } from '../../crdt/doc.ts'
import { type Author, decodeEnvelope, signEnvelope } from '../../crdt/envelope.ts'
import { type DocId, type NodeId, compareText, nodeDocId } from '../../crdt/ids.ts'
import { difference } from '../../crdt/registers.ts'
import { editDoc } from '../../crdt/replica.ts'
import { signLinkState } from '../../node/core/liveness/link-state.ts'
import type { State } from '../../node/core/state.ts'
import { encodeFrame, envelopeFrames } from '../../node/core/wire.ts'
import type { Board } from '../board.ts'
import type { Prng } from '../prng.ts'
import { chaosCrypto } from './crypto.ts'
import type { Stage } from './stage.ts'

/** So many link states ahead of its own last one: its core goes on from there. */
const aheadMax = 50
/** Envelopes of one round. */
const oldSentMax = 16

export type Frames = readonly Uint8Array[]

/** Another board's next change, and a change of its own document by an actor that is another's: the one as if that had signed it, the other signed by itself. */
export function forgedActors(stage: Stage, board: Board, state: State, prng: Prng): Frames {
  const { id, signer } = board.spec
  const victim = prng.pick([...stage.world.boards.values()].filter((other) => other !== board && state.docs.has(nodeDocId(other.spec.id))))
  if (victim === undefined) return []
  const nonce = newestNonce(board, state.docs.get(nodeDocId(victim.spec.id))!) ?? new Uint8Array(16)
  const { fleet } = stage.operator
  const asVictim: Author = {
    id: victim.spec.id,
    signer: { publicKey: victim.spec.signer.publicKey, sign: signer.sign },
    nonce,
    fleet,
  }
  const isOwn = prng.chance(0.5)
  const doc = state.docs.get(nodeDocId(isOwn ? id : victim.spec.id))
  if (doc === undefined) return []
  const { envelopes } = withLabel(doc, isOwn ? id : victim.spec.id, asVictim)
  // Under its own signature the change may be in its own document, but its actor is none of its own.
  const signed = isOwn ? envelopes.map((envelope) => signEnvelope(chaosCrypto, { ...asVictim, id, signer }, envelope)) : envelopes
  return envelopeFrames(signed.map(({ bytes }) => bytes))
}

function withLabel(doc: Doc, id: NodeId, author: Author) {
  const record: NodeRecord = nodeFromRegisters(id, doc.registers)
  const wanted = nodeToRegisters({ ...record, labels: { ...record.labels, forged: 'yes' } })
  return editDoc(chaosCrypto, doc, author, difference(doc.registers, wanted))
}

/** That of its author's present boot: its next change would be of that actor. */
function newestNonce(board: Board, doc: Doc): Uint8Array | null {
  const bytes = board.disk.get(`env/${doc.envelopes.at(-1)?.hash}`)
  const decoded = bytes === undefined ? null : decodeEnvelope(chaosCrypto, bytes)
  return decoded?.ok === true ? decoded.value.nonce : null
}

/** That it has neighbours which it has not got, or none of those that it has, or more in its document than there is; and that others have none. */
export function falseLinks(stage: Stage, board: Board, state: State, prng: Prng): Frames {
  const { id, signer } = board.spec
  const { table } = state.liveness
  const own = table.get(id)?.state
  if (own === undefined) return []
  const victim = prng.pick([...table.values()].map((entry) => entry.state).filter(({ author }) => author !== id))
  if (victim !== undefined && prng.chance(0.4)) {
    const key = stage.world.boards.get(victim.author)?.spec.signer.publicKey
    if (key === undefined) return []
    const forged = signLinkState({ publicKey: key, sign: signer.sign }, { ...victim, sequence: victim.sequence + 1, neighbours: [] })
    return [encodeFrame({ kind: 'link-states', states: [forged.bytes] })]
  }
  const others = [...stage.world.boards.keys()].filter((node) => node !== id).toSorted(compareText)
  const named = prng.chance(0.4) ? [] : others.map((node) => ({ node, sequence: table.get(node)?.state.sequence ?? 0 }))
  const [epoch = '1', ...rest] = own.heads.split('/')
  const said = signLinkState(signer, {
    ...own,
    sequence: own.sequence + 1 + prng.below(aheadMax),
    heads: prng.chance(0.3) ? [Number(epoch) + 1, ...rest].join('/') : own.heads,
    neighbours: named,
  })
  stage.witness.rules.authors.said(said)
  return [encodeFrame({ kind: 'link-states', states: [said.bytes] })]
}

interface Kept {
  readonly doc: DocId
  readonly epoch: number
  readonly bytes: Uint8Array
}

/** What a board has of all documents now, to be said again when it is over. */
export function keptOf(board: Board): readonly Kept[] {
  return [...(board.core?.state?.docs.values() ?? [])].flatMap((doc) =>
    doc.envelopes.flatMap(({ hash }): Kept[] => {
      const bytes = board.disk.get(`env/${hash}`)
      return bytes === undefined ? [] : [{ doc: doc.id, epoch: doc.epoch, bytes }]
    }),
  )
}

/** All of a document that has a later epoch by now; where there is none, of any. */
export function oldEpochs({ witness }: Stage, kept: readonly Kept[], state: State, prng: Prng): Frames {
  const over = kept.filter(({ doc, epoch }) => (state.docs.get(doc)?.epoch ?? 0) > epoch)
  const { doc } = prng.pick(over.length > 0 ? over : kept) ?? {}
  if (over.length > 0) witness.saw('malice-old-epochs')
  const sent = kept.filter((one) => one.doc === doc).slice(-oldSentMax)
  return sent.length === 0 ? [] : envelopeFrames(sent.map(({ bytes }) => bytes))
}
