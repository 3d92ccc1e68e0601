// The operator as an author of changes: the context's key, a fresh nonce for every run (so a run never continues another's
// sequence numbers), the fleet. The key never leaves this process; no node signs for an operator.

import type { Author } from '../../crdt/envelope.ts'
import type { FleetId } from '../../crdt/ids.ts'
import { loadKey } from '../../node/adapters/keys.ts'
import type { Context } from '../peers/contexts.ts'
import { keyFault } from '../errors.ts'
import type { Io } from '../io.ts'

/** What `Author` asks for. */
export const nonceBytes = 16

export async function authorOf(io: Io, context: Context): Promise<Author> {
  try {
    const { id, signer } = await loadKey(context.keyFile)
    return { id, signer, nonce: io.random(nonceBytes), fleet: context.fleet as FleetId }
  } catch (error) {
    throw keyFault(error, `context '${context.name}' signs with this key`)
  }
}
