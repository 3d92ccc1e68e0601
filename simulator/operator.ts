// The simulated operator: founds a fleet and does what the CLI does, that is, takes a document as a board has it, edits it, signs
// the change with its own key and hands it to that board.

import { fromBase64, toBase64 } from '../crdt/base64.ts'
import type { Crypto, Signer } from '../crdt/crypto.ts'
import { fleetGenesisRegisters } from '../crdt/documents/fleet.ts'
import { jobPaths, specToRegisters } from '../crdt/documents/job.ts'
import { type Author, everyPool } from '../crdt/envelope.ts'
import { type AuthorId, type DocId, type FleetId, type OperatorId, type PoolName, fleetDocId, jobDocId, jobId } from '../crdt/ids.ts'
import { type Scalar, difference } from '../crdt/registers.ts'
import { editDoc, emptyDoc } from '../crdt/replica.ts'
import { type FleetRights, fleetRights } from '../crdt/rights/fleet-rights.ts'
import { judgeDoc, toEdit } from '../crdt/rights/judge-doc.ts'
import type { JobSpec } from '../crdt/spec.ts'
import type { Reply } from '../crdt/api-types.ts'
import type { Board, World } from './world.ts'

/** From a document's registers to those that shall change. */
export type Change = (registers: ReadonlyMap<string, Scalar>) => ReadonlyMap<string, Scalar>

export interface Operator {
  readonly id: AuthorId
  readonly publicKey: Uint8Array
  readonly fleet: FleetId
  /** What every board's join file holds. */
  readonly fleetEnvelopes: readonly Uint8Array[]
  /** As the founding says. */
  readonly rights: FleetRights
  /** The board's version of the document, edited: what the CLI would send. */
  readonly sign: (world: World, board: Board, doc: DocId, pool: string, change: Change) => Uint8Array[]
  /** The board's version of the document at its next epoch, its history dropped: what `job compact` would send. */
  readonly compact: (world: World, board: Board, doc: DocId, pool: string) => Uint8Array[]
  /** Signs and sends; null when there is nothing to change. */
  readonly put: (world: World, board: Board, doc: DocId, pool: string, change: Change) => Reply | null
  /** A job's first document. */
  readonly signJob: (spec: JobSpec) => Uint8Array[]
}

/** The board has the document and cannot read it. */
export class Unreadable extends Error {
  readonly reply: Reply

  constructor(reply: Reply & { readonly kind: 'error' }) {
    super(reply.message)
    this.reply = reply
  }
}

/** The key founds the fleet, and so is its only admin. `more`: what the first change says besides, such as that the fleet is certified. */
export function createOperator(crypto: Crypto, id: AuthorId, signer: Signer, more: ReadonlyMap<string, Scalar> = new Map()): Operator {
  const registers = fleetGenesisRegisters({ name: 'test', admin: id as string as OperatorId, adminName: 'tester' })
  for (const [path, value] of more) registers.set(path, value)
  const genesis = editDoc(crypto, emptyDoc(crypto, fleetDocId, everyPool), { id, signer, nonce: nonceOf(0), fleet: '' }, registers)
  const fleet = genesis.envelopes[0]!.hash as FleetId
  return operatorOf(
    crypto,
    { fleet, fleetEnvelopes: genesis.envelopes.map(({ bytes }) => bytes), rights: fleetRights(genesis.doc) },
    { id, signer },
  )
}

/** A fleet that has been founded: what its first change said. */
interface Founded {
  readonly fleet: FleetId
  readonly fleetEnvelopes: readonly Uint8Array[]
  readonly rights: FleetRights
}

/** Somebody else with a key, in the same fleet: an admin has to give it a role. */
export function operatorBeside(crypto: Crypto, { fleet, fleetEnvelopes, rights }: Operator, id: AuthorId, signer: Signer): Operator {
  return operatorOf(crypto, { fleet, fleetEnvelopes, rights }, { id, signer })
}

function operatorOf(crypto: Crypto, founded: Founded, { id, signer }: Pick<Author, 'id' | 'signer'>): Operator {
  const { fleet } = founded
  // The first was the fleet's founding.
  let nonces = 1
  const author = (): Author => ({ id, signer, nonce: nonceOf(nonces++), fleet })
  const current = (world: World, board: Board, doc: DocId, pool: string) => {
    const [stored] = world.request(board, { method: 'doc.get', doc })
    if (stored?.kind === 'error' && stored.code === 'E_STORE_FULL') throw new Unreadable(stored)
    const known = board.core?.state?.docs.get(fleetDocId)
    const rights = known === undefined ? founded.rights : fleetRights(known)
    let found = emptyDoc(crypto, doc, pool as PoolName)
    for (const text of stored?.kind === 'doc' ? stored.envelopes : []) {
      const bytes = fromBase64(text)
      if (!bytes.ok) throw new Error(bytes.message)
      const before = found.changeCount === 0 ? undefined : found
      const envelope = world.shared.engine.decodeEnvelope(bytes.value)
      if (!envelope.ok) throw new Error(envelope.message)
      const admitted = world.shared.engine.admit(before, envelope.value, { fleet, rights })
      if (!admitted.ok) throw new Error(`${admitted.code}: ${admitted.message}`)
      found = admitted.value.doc
    }
    return judgeDoc(found, rights)
  }
  const sign: Operator['sign'] = (world, board, doc, pool, change) => {
    const found = current(world, board, doc, pool)
    return world.shared.engine.edit(toEdit(found), author(), change(found.registers)).envelopes.map((envelope) => envelope.bytes)
  }
  return {
    ...founded,
    id,
    publicKey: signer.publicKey,
    sign,
    compact: (world, board, doc, pool) => {
      const found = current(world, board, doc, pool)
      // It did not answer.
      if (found.changeCount === 0) return []
      return world.shared.engine.compact(found, author(), found.registers).envelopes.map((envelope) => envelope.bytes)
    },
    put: (world, board, doc, pool, change) => {
      try {
        const envelopes = sign(world, board, doc, pool, change).map(toBase64)
        return envelopes.length === 0 ? null : (world.request(board, { method: 'doc.put', envelopes })[0] ?? null)
      } catch (error) {
        if (error instanceof Unreadable) return error.reply
        throw error
      }
    },
    signJob: (spec) => {
      const doc = emptyDoc(crypto, jobDocId(jobId(spec.namespace, spec.name)), spec.pool as PoolName)
      return editDoc(crypto, doc, author(), submission(spec)(new Map())).envelopes.map((envelope) => envelope.bytes)
    },
  }
}

function nonceOf(count: number): Uint8Array {
  const nonce = new Uint8Array(16)
  new DataView(nonce.buffer).setUint32(0, count)
  return nonce
}

/** What `job run` writes: the whole specification, and that it shall run. */
export function submission(spec: JobSpec): Change {
  const wanted = new Map<string, Scalar>([...specToRegisters(spec), [jobPaths.desired, 'run']])
  return (registers) =>
    difference(new Map([...registers].filter(([path]) => path.startsWith('spec/') || path === jobPaths.desired)), wanted)
}
