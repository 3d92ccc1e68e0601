// What two people read to one another: twelve letters and digits for a key of a fleet, sixty bits of a digest. So many cannot be hit by
// making keys until one fits, and they are said in one breath.

import { utf8, Writer } from '../codec.ts'
import type { Crypto } from '../crypto.ts'
import type { FleetId, NodeId } from '../ids.ts'

/** Without what looks alike when read from a screen (0 and o, 1 and l). */
const letters = 'abcdefghijkmnpqrstuvwxyz23456789'

/** `k7qd-m2xw-9zpt`: of the node's key and the fleet's identity. */
export function shortCode(crypto: Crypto, fleet: FleetId, node: NodeId): string {
  const digest = crypto.sha256(new Writer().raw(utf8('shoal-code-1')).text(fleet).text(node).finish())
  const code = Array.from({ length: 12 }, (_, index) => letters[(digest[index] ?? 0) % letters.length]).join('')
  return [code.slice(0, 4), code.slice(4, 8), code.slice(8)].join('-')
}
