// Whom this board has banned, for people; and an operator's word that ends it.

import type { BanRow, Reply } from '../../../crdt/api-types.ts'
import { type Result, ok, refuse } from '../../../crdt/errors.ts'
import { type AuthorId, type NodeId, compareText, opsDocId } from '../../../crdt/ids.ts'
import { covers } from '../../../crdt/rights/grant.ts'
import { forgive } from '../conduct/judge.ts'
import { rightsHere } from '../documents.ts'
import type { State, Step } from '../state.ts'

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

/** Whoever may say what is wished about a board may have it heard again; the board's own socket only reads. */
export function forgiveNode(step: Step, node: NodeId, caller: string | null): Result<Reply, 'E_FORBIDDEN' | 'E_NOT_BANNED'> {
  const { pool } = step.state.boot.config
  const grant = caller === null ? undefined : rightsHere(step.state)?.now.get(caller as AuthorId)
  if (grant === undefined || !covers(grant, { kind: 'ops', doc: opsDocId(node), pool }))
    return refuse('E_FORBIDDEN', 'only the key of an operator of this pool may end a ban')
  if (!forgive(step, node)) return refuse('E_NOT_BANNED', `this board, ${step.state.boot.config.name}, has not banned it`)
  return ok({ kind: 'done' })
}
