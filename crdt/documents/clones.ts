// What a node document says where two machines have one key (a copied card): docs/adr/0021. A boot is named by the beginning of its nonce,
// which nobody can know who has not heard that boot's changes; a clone by the boot in which it learned that it is one.

import { hex } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { modelLimits } from './model-limits.ts'
import { type RegisterTree, child, namesOf } from './register-tree.ts'
import { cutToBytes } from './text-size.ts'

export interface CloneWords {
  /** Other boots of the key that the writer has heard of since its own boot. */
  readonly heard: ReadonlySet<string>
  /** Which clone the writer is; '': it knows of no other. */
  readonly self: string
  /** All that it knows of, itself included, and where each can be found. */
  readonly known: ReadonlyMap<string, string>
}

export const noClones: CloneWords = Object.freeze({ heard: new Set<string>(), self: '', known: new Map<string, string>() })

const heardPrefix = 'x/heard/'
const knownPrefix = 'x/clone/'
const selfPath = 'x/clone_self'
const idPattern = /^[0-9a-f]{12}$/

/** 48 bits of it. */
export function bootId(nonce: Uint8Array): string {
  return hex(nonce.subarray(0, 6))
}

export function isBootId(text: string): boolean {
  return idPattern.test(text)
}

export function writeClones(out: Map<string, Scalar>, { heard, self, known }: CloneWords): void {
  for (const boot of heard) out.set(heardPrefix + boot, true)
  for (const [id, where] of known) out.set(knownPrefix + id, cutToBytes(where, modelLimits.wordBytesMax))
  if (self !== '') out.set(selfPath, self)
}

/** `own`: what lies below `x/`. */
export function readClones(own: RegisterTree | undefined): CloneWords {
  const heard = namesOf(child(own, 'heard')).filter((id) => isBootId(id) && child(own, 'heard', id)?.value === true)
  const known = namesOf(child(own, 'clone')).flatMap((id): [string, string][] => {
    const where = child(own, 'clone', id)?.value
    return isBootId(id) && typeof where === 'string' ? [[id, where]] : []
  })
  const self = child(own, 'clone_self')?.value
  const isNamed = typeof self === 'string' && isBootId(self)
  if (!isNamed && heard.length + known.length === 0) return noClones
  return { heard: new Set(heard), self: isNamed ? self : '', known: new Map(known) }
}
