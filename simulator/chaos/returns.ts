// Who counts again after a silence, and when: DESIGN section 4, once more and apart from `node/core/liveness/members.ts`.

import { type NodeId, nodeDocId } from '../../crdt/ids.ts'
import type { Member } from '../../node/core/liveness/state.ts'
import type { State } from '../../node/core/state.ts'
import type { Finding } from './invariants.ts'
import { type SeenStep, clockPart } from './seen-step.ts'

const secondMs = 1_000
const waitMsMax = 5 * 60_000
const windowMs = 60 * 60_000

interface Seen {
  status: Member['status']
  fellAt: number
  returns: number
  /** It had said that it left, and was put back: that is no flapping. */
  hadLeft: boolean
}

export class Returns {
  /** A board that boots, or that takes a board in again, begins anew. */
  readonly #seen = new WeakMap<Member, Seen>()

  after({ board, state, now }: SeenStep): Finding[] {
    const found: Finding[] = []
    for (const [node, member] of state.liveness.members) {
      const seen = this.#seen.get(member)
      if (seen === undefined) {
        this.#seen.set(member, { status: member.status, fellAt: now, returns: 0, hadLeft: false })
        continue
      }
      if (member.status === seen.status) continue
      const before = seen.status
      seen.status = member.status
      if (member.status === 'disconnected') seen.fellAt = now
      if (before === 'left') seen.hadLeft = true
      if (member.status !== 'alive') continue
      const heads = state.liveness.table.get(node)?.state.heads ?? ''
      if (!isHeld(state, node, heads))
        found.push({ rule: 'returns-known', what: `${board.spec.name} counts ${node} again without ${heads}` })
      if (state.liveness.pathsAt === null && !reached(state).has(node))
        found.push({ rule: 'returns-by-a-path', what: `${board.spec.name} counts ${node} again, to which no path leads` })
      const isFlap = before === 'disconnected' && !seen.hadLeft
      seen.hadLeft = false
      if (!isFlap) continue
      const wait = seen.returns === 0 ? 0 : Math.min(waitMsMax, secondMs * 2 ** (seen.returns + 1))
      const isRecent = now - seen.fellAt < windowMs
      if (isRecent && now - seen.fellAt < wait * clockPart)
        found.push({
          rule: 'returns-damped',
          what: `${board.spec.name} counts ${node} again ${now - seen.fellAt} ms after return ${seen.returns}`,
        })
      seen.returns += 1
    }
    return found
  }
}

/** Over edges that both ends name, as far as this board knows. */
function reached({ liveness }: State): ReadonlySet<NodeId> {
  const { self, links, table } = liveness
  const namedBy = (node: NodeId): readonly NodeId[] =>
    node === self
      ? [...links.values()].flatMap(({ peer, named }) => (named === null ? [] : [peer]))
      : (table.get(node)?.state.neighbours.map((neighbour) => neighbour.node) ?? [])
  const found = new Set([self])
  for (const from of found) for (const to of namedBy(from)) if (namedBy(to).includes(from)) found.add(to)
  return found
}

function isHeld(state: State, node: NodeId, heads: string): boolean {
  const [epoch = '', actor = '', seq = ''] = heads.split('/')
  const doc = state.docs.get(nodeDocId(node))
  if (doc === undefined) return false
  if (doc.epoch !== Number(epoch)) return doc.epoch > Number(epoch)
  return doc.envelopes.some((ref) => ref.actor === actor && ref.firstSeq + ref.count - 1 >= Number(seq))
}
