// Whom this board has banned, for people; and an operator's word that ends it.

import type { BanRow } from '../../../crdt/api-nodes.ts'
import type { Reply } from '../../../crdt/api-types.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { type AuthorId, type NodeId, compareText, opsDocId } from '../../../crdt/ids.ts'
import { covers } from '../../../crdt/rights/grant.ts'
import { forgive } from '../conduct/judge.ts'
import { rightsHere } from '../documents.ts'
import type { State, Step } from '../state.ts'
import { coverageOf } from './coverage.ts'

export function banRows({ conduct, view }: State, now: number): BanRow[] {
  return [...conduct.bans]
    .map(([id, { code, until }]): BanRow => ({
      id,
      name: view.nodes.get(id)?.name ?? '',
      code,
      leftMs: Math.max(0, Math.trunc(until - now)),
      isHeld: conduct.isHeld,
    }))
    .sort((a, b) => compareText(a.id, b.id))
}

/**
 * Whoever may say what is wished about a board may have it heard again; the board's own socket only reads. A banned board need not be known
 * otherwise: by its name, or by how its id begins (the part after `12D3KooW` suffices).
 */
export function forgiveNode(
  step: Step,
  text: string,
  caller: string | null,
): Result<Reply, 'E_FORBIDDEN' | 'E_NOT_BANNED' | 'E_AMBIGUOUS'> {
  const { config } = step.state.boot
  const rows = banRows(step.state, step.now)
  const called = rows.filter(({ name }) => name !== '' && name === text)
  const found = called.length > 0 || text === '' ? called : rows.filter(({ id }) => id.startsWith(text) || id.slice(8).startsWith(text))
  const [row, ...others] = found
  if (row === undefined) return refuse('E_NOT_BANNED', `this board, ${config.name}, has banned none that is called so`)
  if (others.length > 0) return refuse('E_AMBIGUOUS', `'${text}' fits ${found.map(({ id }) => id).join(', ')}`)
  const node = row.id as NodeId
  const grant = caller === null ? undefined : rightsHere(step.state)?.now.get(caller as AuthorId)
  if (grant === undefined || !covers(grant, { kind: 'ops', doc: opsDocId(node), pool: config.pool }))
    return refuse('E_FORBIDDEN', 'only the key of an operator of this pool may end a ban')
  forgive(step, node)
  return ok({ kind: 'forgiven', coverage: coverageOf(step), ban: row })
}
