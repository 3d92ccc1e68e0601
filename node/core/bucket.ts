// A token bucket: what a peer may make this board do, so much at once and so much again each second. Integers, and time comes from
// whoever asks, so that core and adapters share it.

export interface Rate {
  readonly perSecond: number
  /** As much at once, after a rest. */
  readonly atOnce: number
}

export interface Bucket {
  /** Thousandths of what may be taken: a rate per second is as many of them per millisecond. */
  left: number
  at: number
  /** What was refused since the bucket was last full. */
  refused: number
}

export function fullBucket({ atOnce }: Rate, now: number): Bucket {
  return { left: atOnce * 1_000, at: Math.trunc(now), refused: 0 }
}

/** Takes `count` if there is as much; a refusal takes nothing. `now`: monotonic ms. */
export function take(bucket: Bucket, rate: Rate, now: number, count = 1): boolean {
  refill(bucket, rate, Math.trunc(now))
  if (bucket.left >= count * 1_000) {
    bucket.left -= count * 1_000
    return true
  }
  bucket.refused += count
  return false
}

/** As much again as it holds was asked for in vain: nobody does that by mistake. Told once; counted anew from then on. */
export function isFlagrant(bucket: Bucket, { atOnce }: Rate): boolean {
  if (bucket.refused < atOnce) return false
  bucket.refused = 0
  return true
}

function refill(bucket: Bucket, { perSecond, atOnce }: Rate, now: number): void {
  const most = atOnce * 1_000
  bucket.left = Math.min(most, bucket.left + Math.max(0, now - bucket.at) * perSecond)
  bucket.at = Math.max(bucket.at, now)
  if (bucket.left === most) bucket.refused = 0
}
