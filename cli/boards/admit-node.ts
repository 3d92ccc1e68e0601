// An operator's word that a board is a member, for good: in the document of wishes about it, for its own pool, and signed as a certificate
// that it can show to boards of other pools, which do not hold that document.

import { signCertificate } from '../../crdt/admission/certificate.ts'
import { toBase64 } from '../../crdt/base64.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import type { FleetId, PoolName } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { authorOf } from '../documents/author.ts'
import { CliError } from '../errors.ts'
import { mustNotBeReplaced } from './replaced.ts'
import type { Session } from '../peers/session.ts'
import type { Receipt, ConfirmOptions } from '../documents/submit.ts'
import { type NamedNode, type WishAbout, writeWish } from './wish-about-node.ts'

export async function admitNode(session: Session, node: NamedNode, options: ConfirmOptions): Promise<Receipt | null> {
  const { receipt } = await writeWish(session, node, await admissionOf(session, node), options)
  return receipt
}

/** What is written about the board. */
export async function admissionOf(session: Session, node: NamedNode): Promise<WishAbout['changes']> {
  const author = await authorOf(session.io, session.context)
  const pool = node.pool as PoolName
  const word = signCertificate({ fleet: session.context.fleet as FleetId, node: node.id, pool, name: '', labels: {} }, author.signer)
  if (!word.ok) throw new CliError(word.code, word.message)
  const certificate = toBase64(word.value)
  return (doc) => {
    mustNotBeReplaced(node.name, doc)
    const { registers } = doc
    const changes = new Map<string, Scalar>([[opsPaths.admitted, pool]])
    // That of another operator counts only as long as nobody has revoked its key.
    if (registers.get(opsPaths.certificate) !== certificate) changes.set(opsPaths.certificate, certificate)
    if (registers.get(opsPaths.evicted) === true) changes.set(opsPaths.evicted, false)
    return changes
  }
}
