// The part of the agent's configuration that the core reads; `node/config.ts` checks the file and fills in the defaults.

import type { FleetId, NodeId, PoolName } from '../../crdt/ids.ts'
import type { Resources } from '../../crdt/view.ts'

export interface Config {
  readonly self: NodeId
  readonly fleet: FleetId
  readonly pool: PoolName
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** By which token it is here, made at start from the join file (`crdt/admission/`); null: that has none for this pool. */
  readonly certificate: Uint8Array | null
  /** The pre-shared key of the join file; absent: there is no network that asks for one (simulated boards). */
  readonly psk?: Uint8Array
  /** Never handed to tasks. */
  readonly reserved: Resources
  /** null: what the host has. */
  readonly capacity: Resources | null
  readonly dynamicPorts: readonly [number, number]
  /** As many copies at most, all jobs together; 0: as many as there is room for. */
  readonly allocsMax: number
  /** The fleet document's envelopes from the join file: what makes a new board know its fleet. */
  readonly fleetEnvelopes: readonly Uint8Array[]
  /** Allows `fault` requests (demo and tests). */
  readonly dev: boolean
  readonly version: string
}
