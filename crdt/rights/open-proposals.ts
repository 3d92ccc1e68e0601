// What waits for signatures, for people: which changes are proposed, and who has signed them so far.

import type { AuthorId, ChangeHash } from '../ids.ts'
import type { Scalar } from '../registers.ts'
import { historyOf } from '../replica-history.ts'
import type { FleetRights } from './fleet-rights.ts'
import { knowledgeOf } from './past.ts'
import { isEnactedBy, proposalsIn } from './proposals.ts'

export interface OpenProposal {
  readonly hash: ChangeHash
  readonly author: AuthorId
  /** Wall-clock seconds by its author's clock; 0: not said. */
  readonly time: number
  readonly writes: ReadonlyMap<string, Scalar>
  /** Admins now. */
  readonly signers: ReadonlySet<AuthorId>
}

/** In causal order, those that nothing has put into effect. */
export function openProposals({ doc, now, voided }: FleetRights): readonly OpenProposal[] {
  const entries = historyOf(doc.judged?.of ?? doc)
  const knows = knowledgeOf(entries)
  const standing = entries.filter(({ hash }) => !voided.has(hash))
  return proposalsIn(standing, knows)
    .filter((proposal) => !standing.some((entry) => isEnactedBy(entry, proposal, knows)))
    .map(({ entry: { hash, author, time }, writes, signatures }) => {
      const signers = signatures.map((one) => one.author).filter((key) => now.get(key)?.role === 'admin')
      return { hash, author, time, writes, signers: new Set(signers) }
    })
}
