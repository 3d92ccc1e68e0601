// Who may do what once an edit of the fleet document is taken: judged here before anything is sent.

import { admit } from '../../crdt/gate.ts'
import type { FleetId } from '../../crdt/ids.ts'
import { type FleetRights, fleetRights } from '../../crdt/rights/fleet-rights.ts'
import { CliError } from '../errors.ts'
import type { Edit } from '../job/job-edit.ts'
import type { Session } from '../peers/session.ts'

export function fleetRightsAfter({ io, context }: Session, { fleet, envelopes }: Edit): FleetRights {
  let after = fleet.doc.judged?.of ?? fleet.doc
  for (const { bytes } of envelopes) {
    const admitted = admit(io.crypto, after, bytes, { fleet: context.fleet as FleetId, rights: fleetRights(after) })
    if (!admitted.ok) throw new CliError(admitted.code, `no board would take the change: ${admitted.message}`)
    after = admitted.value.doc
  }
  return fleetRights(after)
}
