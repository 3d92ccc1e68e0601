// The fleet document as plain data: the fleet's name, who may change what, and which version of the plan is in use. Written by admins.

import { type OperatorId, compareText, isPeerId } from '../ids.ts'
import { type Registers, type Scalar, below } from '../registers.ts'
import type { FleetView } from '../view.ts'
import { encodePart } from './path-part.ts'

/** Who may do what is not read here: it takes the document's history (`rights/`). */
export interface FleetRecord extends Omit<FleetView, 'operators'> {
  readonly operatorNames: ReadonlyMap<OperatorId, string>
}

export const fleetPaths = {
  name: 'name',
  planVersion: 'plan_version',
  role: (operator: OperatorId): string => `operator/${operator}/role`,
  operatorName: (operator: OperatorId): string => `operator/${operator}/name`,
  pools: (operator: OperatorId, pattern: string): string => `operator/${operator}/pools/${encodePart(pattern)}`,
  jobs: (operator: OperatorId, pattern: string): string => `operator/${operator}/jobs/${encodePart(pattern)}`,
  revoked: (key: OperatorId): string => `revoked/${key}`,
  /** The epoch that this envelope began stands, though its author is revoked. */
  kept: (envelope: string): string => `kept/${envelope}`,
} as const

/** Every node of every version knows this one. */
const planVersionFirst = 1

export function fleetFromRegisters(registers: Registers): FleetRecord {
  const operatorNames = new Map<OperatorId, string>()
  for (const [path, value] of [...below(registers, 'operator')].sort(([a], [b]) => compareText(a, b))) {
    const [id = '', field, ...rest] = path.split('/')
    if (!isPeerId(id) || rest.length > 0) continue
    if (field === 'name' && typeof value === 'string') operatorNames.set(id as OperatorId, value)
  }
  const name = registers.get(fleetPaths.name)
  return {
    name: typeof name === 'string' ? name : '',
    planVersion: planVersionOf(registers.get(fleetPaths.planVersion) ?? null),
    operatorNames,
  }
}

export function planVersionOf(value: Scalar): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= planVersionFirst ? value : planVersionFirst
}

/** What `fleet init` writes: the first envelope, whose hash is the fleet's identity. */
export function fleetGenesisRegisters(input: {
  readonly name: string
  readonly admin: OperatorId
  readonly adminName: string
}): Map<string, Scalar> {
  return new Map<string, Scalar>([
    [fleetPaths.name, input.name],
    [fleetPaths.planVersion, planVersionFirst],
    [fleetPaths.role(input.admin), 'admin'],
    [fleetPaths.operatorName(input.admin), input.adminName],
  ])
}
