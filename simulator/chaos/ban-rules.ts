// Boards ban those that mean ill and nobody else, and every ban ends: judged after each step, for it must hold in every one.

import type { NodeId } from '../../crdt/ids.ts'
import { conductLimits } from '../../node/core/conduct/limits.ts'
import type { Finding } from './invariants.ts'
import type { SeenStep } from './seen-step.ts'

export class BanRules {
  readonly #liars = new Set<NodeId>()

  lies(node: NodeId): void {
    this.#liars.add(node)
  }

  after({ board, state: { conduct, view }, now }: SeenStep): Finding[] {
    if (conduct.bans.size === 0) return []
    return [...conduct.bans].flatMap(([node, { code, until }]): Finding[] => {
      const name = view.nodes.get(node)?.name ?? node
      if (!this.#liars.has(node)) return [{ rule: 'bans-liars-only', what: `${board.spec.name} bans ${name}, which is honest (${code})` }]
      if (until > now && until <= now + conductLimits.banMsMax) return []
      return [{ rule: 'bans-end', what: `${board.spec.name} bans ${name} until ${until}, and it is ${now}` }]
    })
  }
}
