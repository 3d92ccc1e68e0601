// Documents as the operator's side sees them: fetched as signed envelopes and rebuilt here through the same gate that every node
// uses. So nothing is built upon that was not signed by somebody who may write it, whatever the peer says.

import { fromBase64 } from '../../crdt/base64.ts'
import type { Doc } from '../../crdt/doc.ts'
import { fleetFromRegisters } from '../../crdt/documents/fleet.ts'
import { type Authority, admit } from '../../crdt/gate.ts'
import { type DocId, type FleetId, type OperatorId, type PoolName, fleetDocId } from '../../crdt/ids.ts'
import { emptyDoc } from '../../crdt/replica.ts'
import { type FleetRights, fleetRights } from '../../crdt/rights/fleet-rights.ts'
import { judgeDoc } from '../../crdt/rights/judge-doc.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import { CliError } from '../errors.ts'
import type { Session } from '../peers/session.ts'

/** What a peer sent that nobody may build upon. */
export class BadChange extends CliError {
  constructor(code: string, message: string) {
    super(code, message, { hint: 'nothing was changed; try another peer with --peer' })
  }
}

export interface Fleet {
  readonly doc: Doc
  readonly name: string
  readonly rights: FleetRights
  readonly names: ReadonlyMap<OperatorId, string>
}

export async function fetchFleet(session: Session): Promise<Fleet> {
  const { fleet } = session.context
  const reply = await session.ask('doc', { method: 'doc.get', doc: fleetDocId })
  return rebuildFleet(session.io.crypto, fleet as FleetId, reply.envelopes)
}

/** The document as it is, without what is void in it, or an empty one in this pool. */
export async function fetchDoc(session: Session, fleet: Fleet, id: DocId, pool: string | undefined): Promise<Doc> {
  const reply = await session.ask('doc', { method: 'doc.get', doc: id }, pool === undefined ? {} : { pool })
  const { crypto } = session.io
  const doc = rebuildDoc(crypto, session.context.fleet as FleetId, fleet, id, reply.envelopes)
  return doc ?? emptyDoc(crypto, id, (pool ?? reply.pool) as PoolName)
}

/** Without what is void in it; undefined: there are no envelopes. Throws what the gate says against one of them. */
export function rebuildDoc(
  crypto: Crypto,
  id: FleetId,
  { rights }: Pick<Fleet, 'rights'>,
  doc: DocId,
  envelopes: readonly string[],
): Doc | undefined {
  const authority = { fleet: id, rights }
  const found = rebuild(crypto, doc, envelopes, () => authority)
  return found === undefined ? undefined : judgeDoc(found, rights)
}

export function rebuildFleet(crypto: Crypto, fleet: FleetId, envelopes: readonly string[]): Fleet {
  const doc = rebuild(crypto, fleetDocId, envelopes, (known) => ({ fleet, rights: known === undefined ? undefined : fleetRights(known) }))
  if (doc === undefined) throw new CliError('E_FLEET', 'the peer has no document of this fleet', { hint: 'is it a node of another fleet?' })
  const rights = fleetRights(doc)
  const { name, operatorNames } = fleetFromRegisters(rights.doc.registers)
  return { doc: rights.doc, name, rights, names: operatorNames }
}

function rebuild(
  crypto: Crypto,
  id: DocId,
  envelopes: readonly string[],
  authorityFor: (doc: Doc | undefined) => Authority,
): Doc | undefined {
  let doc: Doc | undefined
  for (const text of envelopes) {
    const bytes = fromBase64(text)
    const admitted = bytes.ok ? admit(crypto, doc, bytes.value, authorityFor(doc)) : bytes
    if (!admitted.ok) {
      throw new BadChange(admitted.code, `the peer sent a change of ${id} that does not hold: ${admitted.message}`)
    }
    if (admitted.value.doc.id !== id) throw new BadChange('E_DOC_ID', `the peer sent ${admitted.value.doc.id} where ${id} was asked for`)
    doc = admitted.value.doc
  }
  return doc
}
