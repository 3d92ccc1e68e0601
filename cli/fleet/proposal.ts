// Changes of the fleet document that several admins sign (docs/adr/0025): which these are, and what is written in their place.

import type { Doc } from '../../crdt/doc.ts'
import { fleetPaths, stolenPrefix } from '../../crdt/documents/fleet.ts'
import { type AuthorId, type OperatorId, hex } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { differs } from '../../crdt/replica-edit.ts'
import type { FleetRights } from '../../crdt/rights/fleet-rights.ts'
import { type OpenProposal, openProposals } from '../../crdt/rights/open-proposals.ts'
import { fleetStatementsOf } from '../../crdt/rights/fleet-statements.ts'
import { isGuarded, saysTheSame, thresholdIn } from '../../crdt/rights/proposals.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'

type Writes = ReadonlyMap<string, Scalar>

export interface Proposed {
  /** What would be written. */
  readonly writes: Writes
  /** What is written instead; nothing, if the very same is proposed already. */
  readonly registers: Writes
  readonly known: OpenProposal | null
  readonly needed: number
}

/** Names of proposals must only differ. */
const nameBytes = 8

/** null: the key writes it alone. `without`: a stolen key, on which nothing of this shall be built. */
export function proposedFor(
  io: Pick<Io, 'random'>,
  { rights, key }: { readonly rights: FleetRights; readonly key: AuthorId },
  basis: Doc,
  wanted: Writes,
  without: AuthorId | undefined,
): Proposed | null {
  const writes = new Map([...wanted].filter(([path, value]) => differs(basis, path, value)))
  mustLeaveEnough(rights, writes)
  const needed = signaturesFor(rights, key, writes)
  if (needed === 1) return null
  if (without !== undefined) writes.set(fleetPaths.stolen(without as OperatorId), 1)
  const known = openProposals(rights).find((other) => saysTheSame(other.writes, writes)) ?? null
  const name = hex(io.random(nameBytes))
  const registers = known === null ? [...writes].map(([path, value]) => [fleetPaths.proposed(name, path), value] as const) : []
  return { writes, registers: new Map(registers), known, needed }
}

/** How many admins sign this, its author among them. */
export function signaturesFor(rights: FleetRights, key: AuthorId, writes: Writes): number {
  return key === rights.recovery || !isMatterForSeveral(rights, writes) ? 1 : Math.max(rights.threshold, thresholdIn(writes) ?? 1)
}

/** What revokes a key that was an admin and is revoked already is one, too: somebody else's revocation may fall. */
function isMatterForSeveral({ standing }: FleetRights, writes: Writes): boolean {
  return isGuarded(writes) || fleetStatementsOf({ writes }).revokes.some((key) => standing.get(key)?.role === 'admin')
}

/** The recovery key is none of them: it lies where nobody works. */
export function adminsOf({ now, recovery }: FleetRights): ReadonlySet<AuthorId> {
  return new Set([...now].filter(([key, { role }]) => role === 'admin' && key !== recovery).map(([key]) => key))
}

/** A threshold that nobody can meet would leave the fleet to its recovery key, and boards lower none by themselves. */
export function mustLeaveEnough(rights: FleetRights, writes: Writes): void {
  if (!isMatterForSeveral(rights, writes)) return
  const { admins, revokes } = fleetStatementsOf({ writes })
  const left = new Set([...adminsOf(rights), ...admins])
  for (const key of revokes) left.delete(key)
  const threshold = thresholdIn(writes) ?? rights.threshold
  if (threshold === 1 || left.size >= threshold) return
  throw new CliError(
    'E_THRESHOLD',
    `${threshold} admins are to sign, and the fleet would have ${left.size} (not counting its recovery key)`,
    {
      hint: 'make more keys admins first, or give a lower --threshold along with the revocation',
    },
  )
}

export function stolenIn(writes: Writes): AuthorId | undefined {
  const path = [...writes.keys()].find((one) => one.startsWith(`${stolenPrefix}/`))
  return path?.slice(stolenPrefix.length + 1) as AuthorId | undefined
}

/** Enough of its hash to tell it from all others. */
export function shortProposal(hash: string): string {
  return hash.slice(0, 16)
}

/** The one that is meant; a thief can make proposals whose hashes begin alike, never one with the same hash. */
export function findProposal(rights: FleetRights, id: string): OpenProposal {
  const found = openProposals(rights).filter(({ hash }) => hash.startsWith(id))
  const [only] = found
  if (only !== undefined && found.length === 1 && id.length >= idCharactersMin) return only
  const details = found.map(({ hash }) => hash)
  const words = found.length === 0 ? 'no proposal that is open begins with' : 'more, or fewer digits than eight, begin with'
  throw new CliError('E_PROPOSAL', `${words} '${id}'`, { details, hint: 'shoal fleet proposals lists them; give more digits' })
}

/** Fewer digits are met by accident. */
const idCharactersMin = 8
