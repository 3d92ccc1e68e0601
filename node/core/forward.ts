// Which pool a request is about, and handing it to a node of that pool. What is handed on names exactly one pool, the one that it
// is handed to, so that no two nodes pass a request to and fro.

import type { Request } from '../../crdt/api-types.ts'
import { fromBase64 } from '../../crdt/base64.ts'
import { decodeEnvelope } from '../../crdt/envelope.ts'
import { type Result, ok, refuse } from '../../crdt/errors.ts'
import { type NodeId, type PoolName, fleetDocId, isName, opsDocId } from '../../crdt/ids.ts'
import { waitingPeers } from './admission.ts'
import type { CoreEvent } from './event.ts'
import { coreLimits } from './limits.ts'
import { contactsOf } from './pools.ts'
import { type Step, refuseRequest } from './state.ts'

/** Signed changes say themselves which pool they are about; otherwise the request does, or it is about this one. */
export function poolAbout(step: Step, request: Request): Result<PoolName, 'E_POOL' | 'E_POOL_NAME'> {
  // About the fleet, and for the board that is asked alone.
  if (request.method === 'psk.get' || request.method === 'psk.offer') return ok(step.state.boot.config.pool)
  const asked = request.pool ?? step.state.boot.config.pool
  if (!isName(asked)) return refuse('E_POOL_NAME', `'${asked.slice(0, 80)}' is not a pool name`)
  if (request.method !== 'doc.put' && request.method !== 'job.plan') return ok(asked as PoolName)
  const pools = new Set<PoolName>()
  for (const text of request.envelopes.slice(0, coreLimits.putEnvelopesMax)) {
    const bytes = fromBase64(text)
    const decoded = bytes.ok ? decodeEnvelope(step.env.crypto, bytes.value) : bytes
    if (decoded.ok && decoded.value.doc !== fleetDocId) pools.add(decoded.value.pool)
  }
  const [pool = asked as PoolName, ...others] = pools
  return others.length === 0
    ? ok(pool)
    : refuse('E_POOL', `these changes are about ${pools.size} pools (${[...pools].join(', ')}): send those of each on their own`)
}

/** The first board of a new pool can be admitted by way of itself only: by what is signed about it and the fleet, and nothing else. */
function waitingFor({ state, env }: Step, request: Request, pool: PoolName): readonly NodeId[] {
  const about = documentsOf(env, request)
  const mayKnow = (id: NodeId): boolean => about.length > 0 && about.every((doc) => doc === fleetDocId || doc === opsDocId(id))
  return waitingPeers(state).flatMap(([id, peer]) => (peer.pool === pool && mayKnow(id) ? [id] : []))
}

/** The documents that a request reads or writes; none: it is about something else. */
function documentsOf({ crypto }: Step['env'], request: Request): readonly (string | null)[] {
  if (request.method === 'doc.get') return [request.doc]
  if (request.method !== 'doc.put') return []
  return request.envelopes.map((text) => {
    const bytes = fromBase64(text)
    const decoded = bytes.ok ? decodeEnvelope(crypto, bytes.value) : bytes
    return decoded.ok ? decoded.value.doc : null
  })
}

export function forward(step: Step, event: CoreEvent & { kind: 'command' }, pool: PoolName): void {
  const waiting = new Set(waitingPeers(step.state).map(([id]) => id))
  const known = contactsOf(step.state, pool).filter((node) => !waiting.has(node))
  const to = known.length === 0 ? waitingFor(step, event.request, pool) : known
  const code = 'E_POOL_UNREACHABLE'
  const hint = 'check the name with `shoal status`, or name a peer of that pool with --peer'
  if (to.length === 0) return refuseRequest(step, event.id, code, `no node of pool '${pool}' is known here`, hint)
  const unanswered = { code, message: `no node of pool '${pool}' answers`, hint }
  step.out.push({ kind: 'forward', id: event.id, to, request: { ...event.request, pool }, unanswered })
}
