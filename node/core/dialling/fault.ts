// How dials of an address failed, in kinds that a diagnosis can tell apart. What is remembered of an address is its last unbroken row of
// failures; the connection that the other end makes does not end that row, since it proves nothing about this way.

import type { DialFault, FaultKind } from '../../../crdt/api-doctor.ts'

export interface Fault {
  kind: FaultKind
  words: string
  readonly since: number
  at: number
  times: number
}

/** Words of an error of the system or of libp2p go into no answer at full length. */
const wordsMax = 160

/** The first that fits. The words are libp2p's, the system's and the simulator's. */
const kinds: readonly (readonly [FaultKind, RegExp])[] = [
  ['name', /ENOTFOUND|EAI_AGAIN|EAI_NODATA|getaddrinfo|querytxt|cannot be looked up|dns lookup|failed to resolve|no valid addresses/i],
  [
    'handshake',
    /EncryptionFailed|handshake|pre-shared|unexpected peer|remote peer id|InvalidCrypto|UnexpectedPeer|multistream|EncryptConnection/i,
  ],
  ['refused', /ECONNREFUSED|connection refused/i],
  ['unreachable', /EHOSTUNREACH|ENETUNREACH|ENETDOWN|no route/i],
  ['silent', /no answer|timed? ?out|TimeoutError|ETIMEDOUT|AbortError|aborted/i],
]

export function faultKind(words: string): FaultKind {
  return kinds.find(([, pattern]) => pattern.test(words))?.[0] ?? 'other'
}

export function failedAgain(before: Fault | null, words: string, now: number): Fault {
  const kind = faultKind(words)
  return { kind, words: words.slice(0, wordsMax), since: before?.since ?? now, at: now, times: (before?.times ?? 0) + 1 }
}

export function faultRow(fault: Fault | null, now: number): DialFault | null {
  if (fault === null) return null
  const { kind, words, since, at, times } = fault
  return { kind, words, sinceMs: Math.trunc(now - since), agoMs: Math.trunc(now - at), times }
}
