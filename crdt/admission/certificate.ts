// A node's certificate: a token's signature over the node's key and what the node is. The board makes it itself, at its first boot, with
// the token's secret from its join file; nobody has to be asked, and whoever has the fleet document can check it, on any side of a split.
// Layout: fleet, node's key, pool, name, labels, token's key, and the token's ed25519 signature over everything before it.

import { Writer, decodeWith } from '../codec.ts'
import type { Reader } from '../codec.ts'
import type { Crypto, Signer } from '../crypto.ts'
import { cutToBytes, hasControls, isWellFormed, utf8Bytes } from '../documents/text-size.ts'
import { type Result, assert, ok, refuse } from '../errors.ts'
import { type FleetId, type NodeId, type PoolName, type TokenId, hex, isName, keyOfPeerId, peerIdOfKey, unhex } from '../ids.ts'

export interface CertifiedNode {
  readonly fleet: FleetId
  readonly node: NodeId
  readonly pool: PoolName
  /** '' = not given. */
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

export interface Certificate extends CertifiedNode {
  readonly token: TokenId
}

/** It travels in every hello and stands in one register of the node's document, in base64. */
export const certificateBytesMax = 2_048
const labelsMax = 16
/** Also keeps these signatures apart from those under anything else: 'shC' and the version of the layout. */
const magic = new Uint8Array([0x73, 0x68, 0x43, 1])
const keyBytes = 32
const fleetBytes = 32
const signatureBytes = 64
const textBytesMax = 256

/** `certified.node` is the id of an ed25519 key. Refuses what people chose and nobody could show: a name or labels that are too long or too many. */
export function signCertificate(certified: CertifiedNode, token: Signer): Result<Uint8Array, 'E_CERTIFICATE'> {
  const { fleet, node, pool, name, labels } = certified
  const key = keyOfPeerId(node)
  assert(key !== null && fleet.length === 2 * fleetBytes, 'a certificate is for a key of a fleet')
  const fault = faultOf(certified)
  if (fault !== null) return refuse('E_CERTIFICATE', fault)
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))
  const writer = new Writer().raw(magic).raw(unhex(fleet)).raw(key).text(pool).text(name).varint(sorted.length)
  for (const [label, value] of sorted) writer.text(label).text(value)
  const signed = writer.raw(token.publicKey).finish()
  const bytes = new Writer().raw(signed).raw(token.sign(signed)).finish()
  if (bytes.length > certificateBytesMax)
    return refuse('E_CERTIFICATE', `name and labels are too long: ${bytes.length} bytes in all, at most ${certificateBytesMax}`)
  assert(readable(bytes).ok, 'what is signed can be read')
  return ok(bytes)
}

/** What speaks against these names and labels, in words; null: nothing. */
function faultOf({ pool, name, labels }: CertifiedNode): string | null {
  const entries = Object.entries(labels)
  if (!isName(pool)) return `'${pool}' is not the name of a pool`
  if (entries.length > labelsMax) return `${entries.length} labels; at most ${labelsMax}`
  const strange = [name, ...entries.flat()].find((text) => utf8Bytes(text) > textBytesMax || hasControls(text) || !isWellFormed(text))
  if (strange === undefined) return null
  return `'${cutToBytes(strange, 40)}': a name or a label has at most ${textBytesMax} bytes and no control characters`
}

/** The certificate, if it is one of this fleet and the token that it names has signed it. What the token is worth is `admission.ts`. */
export function checkCertificate(crypto: Crypto, fleet: FleetId, bytes: Uint8Array): Result<Certificate, 'E_CERTIFICATE'> {
  const read = readable(bytes)
  if (!read.ok) return read
  const { certificate, tokenKey } = read.value
  if (certificate.fleet !== fleet)
    return refuse('E_CERTIFICATE', `made for fleet ${certificate.fleet.slice(0, 16)}, this is ${fleet.slice(0, 16)}`)
  const signed = bytes.subarray(0, bytes.length - signatureBytes)
  const genuine = crypto.verify(tokenKey, signed, bytes.subarray(bytes.length - signatureBytes))
  return genuine ? ok(certificate) : refuse('E_CERTIFICATE', `not signed by token ${certificate.token}`)
}

interface Readable {
  readonly certificate: Certificate
  readonly tokenKey: Uint8Array
}

function readable(bytes: Uint8Array): Result<Readable, 'E_CERTIFICATE'> {
  if (bytes.length > certificateBytesMax) return refuse('E_CERTIFICATE', `${bytes.length} bytes; at most ${certificateBytesMax}`)
  const read = decodeWith(bytes, readAll)
  if (!read.ok) return refuse('E_CERTIFICATE', read.message)
  if (read.value === null) return refuse('E_CERTIFICATE', 'not a certificate of a version that is known here')
  const { pool, name, labels } = read.value.certificate
  const texts = [name, ...Object.entries(labels).flat()]
  if (!isName(pool) || texts.some(hasControls)) return refuse('E_CERTIFICATE', 'names no pool, or holds control characters')
  return ok(read.value)
}

function readAll(reader: Reader): Readable | null {
  const found = reader.raw(magic.length)
  if (magic.some((byte, index) => found[index] !== byte)) {
    reader.raw(reader.remaining)
    return null
  }
  const fleet = hex(reader.raw(fleetBytes)) as FleetId
  const node = peerIdOfKey(reader.raw(keyBytes)) as NodeId
  const pool = reader.text(textBytesMax) as PoolName
  const name = reader.text(textBytesMax)
  const labels = readLabels(reader)
  const tokenKey = reader.raw(keyBytes)
  reader.raw(signatureBytes)
  const token = peerIdOfKey(tokenKey) as string as TokenId
  return labels === null ? null : { certificate: { fleet, node, pool, name, labels, token }, tokenKey }
}

/** null: not in the one order that there is, or one twice. */
function readLabels(reader: Reader): Readonly<Record<string, string>> | null {
  const entries: [string, string][] = []
  for (let left = reader.varint(labelsMax); left > 0; left--) entries.push([reader.text(textBytesMax), reader.text(textBytesMax)])
  const isSorted = entries.every(([label], index) => index === 0 || entries[index - 1]![0] < label)
  return isSorted ? Object.fromEntries(entries) : null
}
