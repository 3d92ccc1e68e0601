// Who is a member of the fleet, as a function of documents: the fleet's (tokens, revocations, operators), the operators' word about each
// node, and the certificates that nodes show. No clock is asked and nothing is remembered, so equal documents give equal answers on every
// board, and what was admitted does not expire.

import type { Crypto } from '../crypto.ts'
import { type AdmissionMode, type TokenTerms, admissionMode, tokensFromRegisters } from '../documents/fleet.ts'
import { utf8, Writer } from '../codec.ts'
import { type AuthorId, type NodeId, type PoolName, type TokenId, compareText, hex, opsDocId } from '../ids.ts'
import type { FleetRights } from '../rights/fleet-rights.ts'
import { type Grant, covers } from '../rights/grant.ts'
import type { WaitingReason } from '../view.ts'
import type { Certificate } from './certificate.ts'

export interface AdmissionRules {
  readonly mode: AdmissionMode
  readonly tokens: ReadonlyMap<TokenId, TokenTerms>
  /** Keys of operators and of tokens. */
  readonly revoked: ReadonlySet<AuthorId>
  readonly grants: ReadonlyMap<AuthorId, Grant>
}

const known = new WeakMap<FleetRights, AdmissionRules>()

/** The same object for the same rights: `rules` may be compared. */
export function admissionRules(rights: FleetRights): AdmissionRules {
  const before = known.get(rights)
  if (before !== undefined) return before
  const { registers } = rights.doc
  const rules = { mode: admissionMode(registers), tokens: tokensFromRegisters(registers), revoked: rights.revoked, grants: rights.now }
  known.set(rights, rules)
  return rules
}

/** What is known of a node. */
export interface Candidate {
  readonly node: NodeId
  /** The one that it is in. */
  readonly pool: PoolName
  /** Its own, checked; null: it shows none. */
  readonly certificate: Certificate | null
  /** The pool that an operator's word names, in force; '': there is none. */
  readonly admitted: string
  readonly evicted: boolean
  /** It said itself that it left: its seat is another's. */
  readonly left: boolean
}

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
  for (const candidate of candidates) {
    const alone = judgeAlone(rules, candidate)
    const { node, certificate, left } = candidate
    if (alone.kind !== 'member' || alone.by !== 'token' || certificate === null || left) found.set(node, alone)
    else {
      const nodes = seated.get(certificate.token) ?? []
      nodes.push(node)
      seated.set(certificate.token, nodes)
    }
  }
  for (const [token, nodes] of seated) {
    const count = rules.tokens.get(token)?.count ?? 0
    for (const [place, node] of inSeatOrder(crypto, token, nodes).entries())
      found.set(node, place < count ? { kind: 'member', by: 'token' } : { kind: 'surplus', token })
  }
  return found
}

/** The same without asking how many others there are. */
export function judgeAlone(rules: AdmissionRules, { node, pool, certificate, admitted, evicted }: Omit<Candidate, 'left'>): Admission {
  if (evicted) return { kind: 'evicted' }
  if (rules.mode === 'open') return { kind: 'member', by: 'open' }
  if (admitted === pool) return { kind: 'member', by: 'operator' }
  const reason = waitsFor(rules, node, pool, certificate)
  if (reason !== null) return { kind: 'waiting', reason }
  return { kind: 'member', by: certificate !== null && isOperators(rules, certificate) ? 'operator' : 'token' }
}

/** null: the certificate counts. */
function waitsFor(rules: AdmissionRules, node: NodeId, pool: PoolName, certificate: Certificate | null): WaitingReason | null {
  if (certificate === null || certificate.node !== node) return 'no-certificate'
  if (rules.revoked.has(certificate.token as string as AuthorId)) return 'token-revoked'
  if (certificate.pool !== pool) return 'other-pool'
  if (isOperators(rules, certificate)) return null
  const terms = rules.tokens.get(certificate.token)
  if (terms === undefined) return 'token-unknown'
  if (terms.pool !== pool) return 'other-pool'
  return terms.mode === 'auto' ? null : 'waiting-room'
}

/** Signed by an operator who may speak about that node there: for boards of other pools, which do not hold the word in its ops document. */
function isOperators({ grants }: AdmissionRules, { node, pool, token }: Certificate): boolean {
  const grant = grants.get(token as string as AuthorId)
  return grant !== undefined && covers(grant, { kind: 'ops', doc: opsDocId(node), pool })
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
