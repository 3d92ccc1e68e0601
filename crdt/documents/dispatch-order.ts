// The order of a dispatch: a hash of all that it says of the job. The same name is given to what was dispatched with the same token on
// two sides of a split. If both said the same, it is one job; if not, a register of this side and one of that would be a job that nobody
// asked for: the hash does not fit it, so it is no version that could be in force (docs/adr/0028).

import type { Crypto } from '../crypto.ts'
import { type Registers, below } from '../registers.ts'
import type { JobSpec } from '../spec.ts'
import { canonicalText, shortHash } from './canonical.ts'
import type { Fault } from './fault.ts'
import { specToRegisters } from './spec-writer.ts'

const orderPath = 'dispatched/order'
/** Said later, of a job that there is. */
const notOrdered: ReadonlySet<string> = new Set([orderPath, 'rerun'])

export function orderOf(crypto: Crypto, spec: JobSpec): string {
  return hashOf(crypto, specToRegisters(spec))
}

/** null: it is no dispatched job, or is as one dispatch said. */
export function orderFault(crypto: Crypto, registers: Registers): Fault | null {
  const order = registers.get(`spec/${orderPath}`) ?? null
  if (order === null || order === hashOf(crypto, registers)) return null
  return {
    path: orderPath,
    found: 'what two dispatches with one token said differently, or a change of a dispatched job',
    allowed: 'what one dispatch said; one of them is in force',
  }
}

function hashOf(crypto: Crypto, registers: Registers): string {
  const said = [...below(registers, 'spec')].filter(([path]) => !notOrdered.has(path))
  return shortHash(crypto, canonicalText(new Map(said)), 16)
}
