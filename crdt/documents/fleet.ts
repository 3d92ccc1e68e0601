// The fleet document as plain data: the fleet's name, who may change what, by which tokens boards join, and which version of the plan is
// in use. Written by admins.

import type { BootstrapList } from '../bootstrap-addresses.ts'
import { type ChangeHash, type OperatorId, type PoolName, type TokenId, compareText, isName, isPeerId } from '../ids.ts'
import { type Registers, type Scalar, below } from '../registers.ts'
import { type JobType, jobTypes } from '../spec.ts'
import { type FleetView, type Preemption, type SchedulerAlgorithm, preemptsByDefault, schedulerAlgorithms } from '../view.ts'
import { modelLimits } from './model-limits.ts'
import { decodePart, encodePart } from './path-part.ts'

/** Who may do what is not read here: it takes the document's history (`rights/`). */
export interface FleetRecord extends Omit<FleetView, 'operators'> {
  readonly operatorNames: ReadonlyMap<OperatorId, string>
}

/** open: whoever has the pre-shared key is a member; certified: boards with a certificate or an operator's word. */
export const admissionModes = ['open', 'certified'] as const
/** auto: a certificate is enough; waiting-room: an operator has the last word. */
export const tokenModes = ['auto', 'waiting-room'] as const

export type AdmissionMode = (typeof admissionModes)[number]

/** What admins say of a token; its secret is with those who set up boards. */
export interface TokenTerms {
  readonly id: TokenId
  readonly name: string
  readonly pool: PoolName
  readonly mode: (typeof tokenModes)[number]
  /** How many boards are members by it. */
  readonly count: number
  /** Wall-clock ms after which no board that is not known yet shows up with it; null: never. */
  readonly untilMs: number | null
}

/** Below `x/`, as every field that some agent may not know yet. One register for each address: two admins at once both have their way. */
const bootstrapPrefix = 'x/bootstrap'

const poolPrefix = 'x/pool'

export const fleetPaths = {
  name: 'name',
  planVersion: 'plan_version',
  role: (operator: OperatorId): string => `operator/${operator}/role`,
  operatorName: (operator: OperatorId): string => `operator/${operator}/name`,
  pools: (operator: OperatorId, pattern: string): string => `operator/${operator}/pools/${encodePart(pattern)}`,
  jobs: (operator: OperatorId, pattern: string): string => `operator/${operator}/jobs/${encodePart(pattern)}`,
  operatorUntil: (operator: OperatorId): string => `operator/${operator}/until_ms`,
  /** Comes first in seniority among the keys that the same change makes admins. */
  recovery: (key: OperatorId): string => `recovery/${key}`,
  admission: 'admission',
  token: (token: TokenId, field: 'pool' | 'mode' | 'count' | 'until_ms' | 'name'): string => `token/${token}/${field}`,
  /** Of an operator or a token. */
  revoked: (key: OperatorId | TokenId): string => `revoked/${key}`,
  /** A multiaddr: true, boards try it first; false, they do not, also if their join file names it. */
  bootstrap: (address: string): string => `${bootstrapPrefix}/${encodePart(address)}`,
  algorithm: (pool: PoolName): string => `${poolPrefix}/${encodePart(pool)}/algorithm`,
  /** One register a kind: two admins who choose for two kinds at once both have their way. */
  preemption: (pool: PoolName, type: JobType): string => `${poolPrefix}/${encodePart(pool)}/preempt/${type}`,
  /** The epoch that this envelope began stands, though its author is revoked. */
  kept: (envelope: string): string => `kept/${envelope}`,
  /** How many admins sign a change of who rules the fleet (`rights/signing.ts`). */
  threshold: 'x/threshold',
  /** A register that the change which these are written by would write. The name is a fresh one each time: a proposal is a change of its own. */
  proposed: (name: string, path: string): string => `${proposalPrefix}/${name}/${encodePart(path)}`,
  /** Of the proposal that this change makes; its value means nothing. */
  approval: (proposal: ChangeHash): string => `${approvalPrefix}/${proposal}`,
  /** The key was stolen: whoever puts this into effect builds on nothing of it (`rights/basis.ts`). */
  stolen: (key: OperatorId): string => `${stolenPrefix}/${key}`,
} as const

export const [proposalPrefix, approvalPrefix, stolenPrefix] = ['x/proposal', 'x/approval', 'x/stolen'] as const

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

/**
 * Wall-clock ms after which no board takes a new change from that operator itself; null: there is no such time. What was taken before
 * goes on to count, and replicas never ask: two boards whose clocks differ hold the same.
 */
export function operatorUntil(registers: Registers, operator: OperatorId): number | null {
  const until = registers.get(fleetPaths.operatorUntil(operator))
  return typeof until === 'number' ? until : null
}

export function admissionMode(registers: Registers): AdmissionMode {
  return registers.get(fleetPaths.admission) === 'certified' ? 'certified' : 'open'
}

/** Those of which pool, mode and count are said: half a statement admits nobody. */
export function tokensFromRegisters(registers: Registers): ReadonlyMap<TokenId, TokenTerms> {
  const ids = new Set([...below(registers, 'token').keys()].map((path) => path.slice(0, Math.max(0, path.indexOf('/')))))
  const tokens = new Map<TokenId, TokenTerms>()
  for (const id of [...ids].filter(isPeerId).sort(compareText) as TokenId[]) {
    const [pool, mode, count] = (['pool', 'mode', 'count'] as const).map((field) => registers.get(fleetPaths.token(id, field)))
    const known = tokenModes.find((one) => one === mode)
    if (typeof pool !== 'string' || !isName(pool) || known === undefined || typeof count !== 'number') continue
    const [name, until] = [registers.get(fleetPaths.token(id, 'name')), registers.get(fleetPaths.token(id, 'until_ms'))]
    const words = typeof name === 'string' ? name : ''
    tokens.set(id, { id, name: words, pool: pool as PoolName, mode: known, count, untilMs: typeof until === 'number' ? until : null })
  }
  return tokens
}

export function tokenRegisters({ id, name, pool, mode, count, untilMs }: TokenTerms): Map<string, Scalar> {
  const registers = new Map<string, Scalar>([
    [fleetPaths.token(id, 'pool'), pool],
    [fleetPaths.token(id, 'mode'), mode],
    [fleetPaths.token(id, 'count'), count],
  ])
  if (name !== '') registers.set(fleetPaths.token(id, 'name'), name)
  if (untilMs !== null) registers.set(fleetPaths.token(id, 'until_ms'), untilMs)
  return registers
}

/** Sorted. */
export function bootstrapFromRegisters(registers: Registers): BootstrapList {
  const said = [...below(registers, bootstrapPrefix)].map(([part, value]) => [decodePart(part), value] as const)
  const those = (wanted: boolean): string[] =>
    said
      .filter(([, value]) => value === wanted)
      .map(([address]) => address)
      .sort(compareText)
  return { listed: those(true).slice(0, modelLimits.bootstrapMax), removed: those(false) }
}

/** By pool; what this program does not know is left out, and so is what goes without saying. */
export function algorithmsFromRegisters(registers: Registers): ReadonlyMap<PoolName, SchedulerAlgorithm> {
  const chosen = new Map<PoolName, SchedulerAlgorithm>()
  for (const [path, value] of below(registers, poolPrefix)) {
    const [part = '', field, ...rest] = path.split('/')
    const [pool, known] = [decodePart(part), schedulerAlgorithms.find((one) => one === value)]
    if (field === 'algorithm' && rest.length === 0 && isName(pool) && known === 'spread') chosen.set(pool as PoolName, known)
  }
  return chosen
}

/** By pool; what this program does not know is left out, and so is what goes without saying. */
export function preemptionFromRegisters(registers: Registers): ReadonlyMap<PoolName, Preemption> {
  const chosen = new Map<PoolName, Map<JobType, boolean>>()
  for (const [path, value] of below(registers, poolPrefix)) {
    const [part = '', field, type, ...rest] = path.split('/')
    const [pool, known] = [decodePart(part), jobTypes.find((one) => one === type)]
    if (field !== 'preempt' || rest.length > 0 || !isName(pool) || known === undefined) continue
    if (typeof value !== 'boolean' || value === preemptsByDefault(known)) continue
    const ofPool = chosen.get(pool as PoolName) ?? new Map<JobType, boolean>()
    chosen.set(pool as PoolName, ofPool.set(known, value))
  }
  return chosen
}

export function planVersionOf(value: Scalar): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= planVersionFirst ? value : planVersionFirst
}

/** What `fleet init` writes: the first envelope, whose hash is the fleet's identity. */
export function fleetGenesisRegisters(input: {
  readonly name: string
  readonly admin: OperatorId
  readonly adminName: string
  /** An admin before the first one, kept where nobody works. */
  readonly recovery?: OperatorId
  /** By which boards join; absent: the fleet is open. */
  readonly tokens?: readonly TokenTerms[]
}): Map<string, Scalar> {
  const { recovery } = input
  return new Map<string, Scalar>([
    [fleetPaths.name, input.name],
    [fleetPaths.planVersion, planVersionFirst],
    [fleetPaths.role(input.admin), 'admin'],
    [fleetPaths.operatorName(input.admin), input.adminName],
    ...(recovery === undefined
      ? []
      : ([
          [fleetPaths.role(recovery), 'admin'],
          [fleetPaths.operatorName(recovery), 'recovery'],
          [fleetPaths.recovery(recovery), 1],
        ] as const)),
    ...(input.tokens === undefined ? [] : ([[fleetPaths.admission, 'certified']] as const)),
    ...(input.tokens ?? []).flatMap((terms) => [...tokenRegisters(terms)]),
  ])
}
