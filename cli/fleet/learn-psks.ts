// A context that has missed a rotation, or the end of one, learns it from the board that it is connected to, as boards do from one another:
// the keys over the connection, and from the fleet document, which it checks itself, which of them are the fleet's.

import { fromBase64 } from '../../crdt/base64.ts'
import type { Crypto } from '../../crdt/crypto.ts'
import { type PskDigest, type PskStatements, pskDigest, pskFromRegisters, usablePsks } from '../../crdt/documents/psk.ts'
import { type FleetId, fleetDocId, hex } from '../../crdt/ids.ts'
import { Api } from '../peers/client.ts'
import type { Context } from '../peers/contexts.ts'
import { rebuildFleet } from '../documents/document.ts'
import type { ApiClient } from '../io.ts'
import { writePsks } from './psk-file.ts'

/** Never throws: the command that was typed has a connection, and the next one tries again. */
export async function learnPsks(crypto: Crypto, client: ApiClient, context: Context, known: readonly Uint8Array[]): Promise<void> {
  const api = new Api(client)
  const signal = AbortSignal.timeout(learnMs)
  try {
    const { keys } = await api.ask('psk', { method: 'psk.get' }, signal)
    const { envelopes } = await api.ask('doc', { method: 'doc.get', doc: fleetDocId }, signal)
    const fleet = context.fleet as FleetId
    const statements = pskFromRegisters(rebuildFleet(crypto, fleet, envelopes).rights.doc.registers)
    const told = keys.flatMap((text) => {
      const bytes = fromBase64(text)
      return bytes.ok && statements.open.includes(pskDigest(crypto, fleet, bytes.value)) ? [bytes.value] : []
    })
    const next = usable(crypto, fleet, statements, [...told, ...known])
    if (next.map(hex).join() !== known.map(hex).join()) await writePsks(context.pskFile, next)
  } catch {
    // A key without a right is not told, and an older agent knows nothing of it.
  }
}

/** Two answers of a board nearby; whoever types waits for them once in a rotation. */
const learnMs = 3_000

/** Newest first, those that are closed left out. */
export function usable(crypto: Crypto, fleet: FleetId, statements: PskStatements, keys: readonly Uint8Array[]): readonly Uint8Array[] {
  const byDigest = new Map<PskDigest, Uint8Array>(keys.map((key) => [pskDigest(crypto, fleet, key), key]))
  return usablePsks(statements, [...byDigest.keys()]).map((digest) => byDigest.get(digest)!)
}
