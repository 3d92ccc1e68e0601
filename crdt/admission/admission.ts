// Who is a member of the fleet, as a function of documents: the fleet's (tokens, revocations), the operators' word about each node, and the
// certificates that nodes show. No clock is asked and nothing is remembered, so equal documents give equal answers on every board, and
// what was admitted does not expire.

import type { Crypto } from '../crypto.ts'
import { type AdmissionMode, type TokenTerms, admissionMode, tokensFromRegisters } from '../documents/fleet.ts'
import { utf8, Writer } from '../codec.ts'
import { type AuthorId, type NodeId, type TokenId, compareText, hex } from '../ids.ts'
import type { FleetRights } from '../rights/fleet-rights.ts'
import type { Certificate } from './certificate.ts'

export interface AdmissionRules {
  readonly mode: AdmissionMode
  readonly tokens: ReadonlyMap<TokenId, TokenTerms>
  /** Keys of operators and of tokens. */
  readonly revoked: ReadonlySet<AuthorId>
}

export function admissionRules({ doc, revoked }: Pick<FleetRights, 'doc' | 'revoked'>): AdmissionRules {
  return { mode: admissionMode(doc.registers), tokens: tokensFromRegisters(doc.registers), revoked }
}

/** What is known of a node. */
export interface Candidate {
  readonly node: NodeId
  /** Its own, checked; null: it shows none. */
  readonly certificate: Certificate | null
  /** An operator's word, in force. */
  readonly admitted: boolean
  readonly evicted: boolean
}

export type WaitingReason = 'no-certificate' | 'token-unknown' | 'token-revoked' | 'other-pool' | 'waiting-room'

export type Admission =
  /** open: everybody is; operator: by an operator's word, for good; token: by a certificate. */
  | { readonly kind: 'member'; readonly by: 'open' | 'operator' | 'token' }
  /** Certified, and beyond the token's count: it is heard and keeps what it runs, but takes no new work before an operator admits it. */
  | { readonly kind: 'surplus'; readonly token: TokenId }
  /** It may ask, and nothing else. */
  | { readonly kind: 'waiting'; readonly reason: WaitingReason }
  | { readonly kind: 'evicted' }

export function judgeAdmissions(crypto: Crypto, rules: AdmissionRules, candidates: Iterable<Candidate>): ReadonlyMap<NodeId, Admission> {
  const found = new Map<NodeId, Admission>()
  const seated = new Map<TokenId, NodeId[]>()
  for (const { node, certificate, admitted, evicted } of candidates) {
    if (evicted) found.set(node, { kind: 'evicted' })
    else if (rules.mode === 'open') found.set(node, { kind: 'member', by: 'open' })
    else if (admitted) found.set(node, { kind: 'member', by: 'operator' })
    else {
      const reason = waitsFor(rules, node, certificate)
      if (reason !== null || certificate === null) found.set(node, { kind: 'waiting', reason: reason ?? 'no-certificate' })
      else {
        const nodes = seated.get(certificate.token) ?? []
        nodes.push(node)
        seated.set(certificate.token, nodes)
      }
    }
  }
  for (const [token, nodes] of seated) {
    const count = rules.tokens.get(token)?.count ?? 0
    for (const [place, node] of inSeatOrder(crypto, token, nodes).entries())
      found.set(node, place < count ? { kind: 'member', by: 'token' } : { kind: 'surplus', token })
  }
  return found
}

/** null: the certificate counts. */
function waitsFor({ tokens, revoked }: AdmissionRules, node: NodeId, certificate: Certificate | null): WaitingReason | null {
  if (certificate === null || certificate.node !== node) return 'no-certificate'
  if (revoked.has(certificate.token as string as AuthorId)) return 'token-revoked'
  const terms = tokens.get(certificate.token)
  if (terms === undefined) return 'token-unknown'
  if (terms.pool !== certificate.pool) return 'other-pool'
  return terms.mode === 'auto' ? null : 'waiting-room'
}

/** By a digest, so that all agree without having counted together; it says nothing of who came first. */
function inSeatOrder(crypto: Crypto, token: TokenId, nodes: readonly NodeId[]): readonly NodeId[] {
  const seat = (node: NodeId): string => hex(crypto.sha256(new Writer().raw(utf8('shoal-seat-1')).text(token).text(node).finish()))
  const seats = new Map(nodes.map((node) => [node, seat(node)]))
  return nodes.toSorted((a, b) => compareText(seats.get(a)!, seats.get(b)!))
}

/**
 * For the board at which a node shows up that no document knows yet, and for it alone: it has a clock, the others are not asked.
 * `nowMs`: wall clock.
 */
export function isTooLate({ untilMs }: TokenTerms, nowMs: number): boolean {
  return untilMs !== null && nowMs > untilMs
}
