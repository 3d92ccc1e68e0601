// Admin changes that several keys sign, as edits of a replica: the same registers as the commands write.

import type { Doc } from '../../crdt/doc.ts'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import type { ChangeHash } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { openProposals } from '../../crdt/rights/open-proposals.ts'
import { fleetRights } from '../../crdt/rights/fleet-rights.ts'

type Writes = ReadonlyMap<string, Scalar>

export const threshold = (value: number): Map<string, Scalar> => new Map([[fleetPaths.threshold, value]])

export function propose(name: string, writes: Writes): Map<string, Scalar> {
  return new Map([...writes].map(([path, value]) => [fleetPaths.proposed(name, path), value]))
}

/** Of what is proposed here and was not put into effect yet. */
export function proposals(doc: Doc): readonly ChangeHash[] {
  return openProposals(fleetRights(doc)).map(({ hash }) => hash)
}

/** Another value each time, so that it is a change whoever approved before. */
export function approve(proposal: ChangeHash, value = 1): Map<string, Scalar> {
  return new Map([[fleetPaths.approval(proposal), value]])
}
