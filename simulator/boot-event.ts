// The first event of a simulated board: what is on its disk, what runs, and what its configuration says.

import type { Crypto } from '../crdt/crypto.ts'
import type { FleetId, PoolName } from '../crdt/ids.ts'
import type { Boot } from '../node/core/event.ts'
import type { Board } from './board.ts'
import { fingerprintOf } from './tasks.ts'

const ample = { cpuMhz: 4000, memoryMib: 1024, diskMib: 8192 }

export interface BootInput {
  readonly crypto: Crypto
  readonly fleet: FleetId
  readonly fleetEnvelopes: readonly Uint8Array[]
  readonly board: Board
  readonly now: number
  readonly wallMs: number
  /** How often it has booted: its nonce follows from it. */
  readonly boots: number
}

export function bootEvent({ crypto, fleet, fleetEnvelopes, board, now, wallMs, boots }: BootInput): Boot {
  const { spec } = board
  return {
    kind: 'boot',
    now,
    wallMs,
    nonce: crypto.sha256(new TextEncoder().encode(`${spec.id} ${boots}`)).slice(0, 16),
    config: {
      self: spec.id,
      fleet,
      pool: (spec.pool ?? 'default') as PoolName,
      name: spec.name,
      labels: spec.labels ?? {},
      certificate: spec.certificate ?? null,
      reserved: { cpuMhz: 0, memoryMib: 0, diskMib: 0 },
      capacity: board.saysCapacity ?? spec.capacity ?? ample,
      dynamicPorts: [20_000, 32_000],
      allocsMax: 0,
      fleetEnvelopes,
      ...(spec.psk === undefined ? {} : { psk: spec.psk }),
      dev: true,
      version: 'sim',
    },
    host: { name: spec.name, ...ample, attributes: { 'cpu.arch': 'arm64', ...spec.attributes } },
    records: board.disk.scan(''),
    running: board.isDriverSilent ? [] : [...board.tasks.values()],
    fingerprints: Object.fromEntries(
      (spec.drivers ?? ['raw_exec']).map((driver) => [driver, fingerprintOf(driver, !board.isDriverSilent)]),
    ),
  }
}
