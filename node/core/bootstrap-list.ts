// The bootstrap list that admins keep in the fleet document: given to the network when it has changed.

import { bootstrapFromRegisters } from '../../crdt/documents/fleet.ts'
import { fleetDocId } from '../../crdt/ids.ts'
import { rightsHere } from './documents.ts'
import type { Step } from './state.ts'

export function tellBootstrap({ state, out }: Step): void {
  const fleet = state.docs.get(fleetDocId)
  const told = state.bootstrap
  if (fleet === told.fleet) return
  const { listed, removed } = bootstrapFromRegisters(rightsHere(state)?.doc.registers ?? new Map())
  const said = JSON.stringify([listed, removed])
  state.bootstrap = { fleet, said }
  if (said !== told.said) out.push({ kind: 'bootstrap', listed, removed })
}
