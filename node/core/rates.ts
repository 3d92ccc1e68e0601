// One bucket for each peer: how much each may make this board do. Of those whose bucket is full nothing needs to be known, so there are
// never more than a bounded number.

import { type Bucket, type Rate, fullBucket, isFlagrant, take } from './bucket.ts'

/** Twice the boards of a large pool; whoever comes after them begins with a full bucket, and so does the oldest when it comes again. */
const peersMax = 2_048

export class Rates {
  readonly #rate: Rate
  readonly #buckets = new Map<string, Bucket>()

  constructor(rate: Rate) {
    this.#rate = rate
  }

  take(peer: string, now: number, count = 1): boolean {
    return take(this.#bucketOf(peer, now), this.#rate, now, count)
  }

  isFlagrant(peer: string): boolean {
    const bucket = this.#buckets.get(peer)
    return bucket !== undefined && isFlagrant(bucket, this.#rate)
  }

  #bucketOf(peer: string, now: number): Bucket {
    const known = this.#buckets.get(peer)
    if (known !== undefined) return known
    const oldest = this.#buckets.keys().next()
    if (this.#buckets.size >= peersMax && !oldest.done) this.#buckets.delete(oldest.value)
    const fresh = fullBucket(this.#rate, now)
    this.#buckets.set(peer, fresh)
    return fresh
  }
}
