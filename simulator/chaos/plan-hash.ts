// A plan's fingerprint: whether a seed still draws what it drew.

import { hex } from '../../crdt/ids.ts'
import { utf8 } from '../../crdt/codec.ts'
import { cheapCrypto } from '../cheap-crypto.ts'
import type { ChaosPlan } from './plan.ts'

/** 8 hex digits. */
export function planHash(plan: ChaosPlan): string {
  return hex(cheapCrypto.sha256(utf8(JSON.stringify(plan)))).slice(0, 8)
}
