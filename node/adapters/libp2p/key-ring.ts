// The pre-shared keys that are valid here: one, or during a rotation a few. Both ends of a connection must take the same one, and neither
// knows what the other has. So the nonce that each sends first, in clear as pnet has it, tells it to whoever has the key as well: behind a
// random part come marks of it under each key. To everybody else they are random, and an agent that knows nothing of marks takes them so.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

const keyBytes = 32
/** What pnet sends. */
export const nonceBytes = 24
/** 96 bits: no two nonces are equal before 2^48 connections under one key, and then two handshakes' outer layer could be compared. */
const saltBytes = 12
/** 32 bits: once in billions of connections two ends that share no key believe that they do, or take different ones; they dial again. */
const markBytes = 4
/** The key that goes, the one that comes, and one that was begun at the same time on the other side of a cut. */
export const keysMax = (nonceBytes - saltBytes) / markBytes

export class KeyRing {
  /** In an order that both ends make without knowing which is the newer. */
  #keys: readonly Uint8Array[] = []
  #oldest = new Uint8Array(0)

  /** Newest first. */
  constructor(keys: readonly Uint8Array[]) {
    this.use(keys)
  }

  /** For connections that begin from now on. Throws RangeError: one of them is no key, or there are none or too many. */
  use(keys: readonly Uint8Array[]): void {
    if (keys.length === 0 || keys.length > keysMax)
      throw new RangeError(`1 to ${keysMax} pre-shared keys are used at a time, not ${keys.length}`)
    const strange = keys.find(({ length }) => length !== keyBytes)
    if (strange !== undefined) throw new RangeError(`a pre-shared key has ${keyBytes} bytes, not ${strange.length}`)
    this.#oldest = Uint8Array.from(keys.at(-1)!)
    this.#keys = keys.map((key) => Uint8Array.from(key)).toSorted((a, b) => Buffer.compare(a, b))
  }

  nonce(): Uint8Array {
    const salt = randomBytes(saltBytes)
    return Buffer.concat([salt, ...this.#marks(salt)])
  }

  /** A key that the other end has as well. Of an agent that makes no marks nothing is known: it has the oldest if any. */
  keyFor(nonce: Uint8Array): Uint8Array {
    const { salt, marks } = partsOf(nonce)
    return this.#keys.find((key) => marks.some((found, place) => isSame(found, mark(key, salt, place)))) ?? this.#oldest
  }

  /** Whether the other end has a key of this ring, and others than this ring or fewer. */
  isBehind(nonce: Uint8Array): boolean {
    const { salt, marks } = partsOf(nonce)
    const own = this.#marks(salt)
    const isKnown = this.#keys.some((key) => marks.some((found, place) => isSame(found, mark(key, salt, place))))
    return isKnown && !marks.every((found, place) => isSame(found, own[place]!))
  }

  /** As many with one key as with three: an eavesdropper does not see that a rotation is under way. */
  #marks(salt: Uint8Array): Uint8Array[] {
    return Array.from({ length: keysMax }, (_, place) => mark(this.#keys[Math.min(place, this.#keys.length - 1)]!, salt, place))
  }
}

function mark(key: Uint8Array, salt: Uint8Array, place: number): Uint8Array {
  return createHmac('sha256', key).update(`shoal nonce ${place}`).update(salt).digest().subarray(0, markBytes)
}

function partsOf(nonce: Uint8Array): { readonly salt: Uint8Array; readonly marks: readonly Uint8Array[] } {
  const at = (place: number): number => saltBytes + place * markBytes
  return {
    salt: nonce.subarray(0, saltBytes),
    marks: Array.from({ length: keysMax }, (_, place) => nonce.subarray(at(place), at(place + 1))),
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
