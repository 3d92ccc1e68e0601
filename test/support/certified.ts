// A simulated fleet that is certified: boards with a token's certificate, with none, and with others, and the admin who lets them in.

import { signCertificate } from '../../crdt/admission/certificate.ts'
import { fleetPaths, tokenRegisters } from '../../crdt/documents/fleet.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { type DocId, type JobId, type PoolName, type TokenId, fleetDocId, jobDocId, jobId, opsDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { createOperator, submission } from '../../simulator/operator.ts'
import { type Board, type BoardSpec, World, type WorldOptions } from '../../simulator/world.ts'
import { testCrypto, testSigner } from './crypto.ts'
import { type JobOptions, allAlive, jobSpec } from './world.ts'

const crypto = testCrypto()

export interface Terms {
  readonly pool?: string
  readonly mode?: 'auto' | 'waiting-room'
  readonly count?: number
  readonly untilMs?: number | null
}

export const tokenId = (seed: number): TokenId => testSigner(seed).id as string as TokenId

export function stated(seed: number, { pool = 'default', mode = 'auto', count = 100, untilMs = null }: Terms = {}): Map<string, Scalar> {
  return tokenRegisters({ id: tokenId(seed), name: '', pool: pool as PoolName, mode, count, untilMs })
}

/** The token that every join file has. */
export const firstToken = 50

const { id, signer } = testSigner(1)
const operator = createOperator(crypto, id, signer, new Map<string, Scalar>([[fleetPaths.admission, 'certified'], ...stated(firstToken)]))
export const { fleet } = operator

export interface CertifiedBoard {
  /** Seed of the token that it has the secret of; null: it has none. */
  readonly token?: number | null
  /** The pool that its certificate names, if that is not its own. */
  readonly says?: string
  readonly pool?: string
  /** The pre-shared key of its join file. */
  readonly psk?: Uint8Array
}

/** Board `b0` has key 100, and so on. */
export function certifiedWorld(boards: readonly CertifiedBoard[], options: Pick<WorldOptions, 'overlay' | 'isDialled'> = {}): World {
  const specs = boards.map(({ token = firstToken, says, pool, psk }, index): BoardSpec => {
    const { node, signer: key } = testSigner(100 + index)
    const spec = {
      name: `b${index}`,
      id: node,
      signer: key,
      ...(pool === undefined ? {} : { pool }),
      ...(psk === undefined ? {} : { psk }),
    }
    if (token === null) return spec
    const certified = { fleet, node, pool: (says ?? pool ?? 'default') as PoolName, name: spec.name, labels: {} }
    const made = signCertificate(certified, testSigner(token).signer)
    if (!made.ok) throw new Error(made.message)
    return { ...spec, certificate: made.value }
  })
  return new World({ crypto, fleet, fleetEnvelopes: operator.fleetEnvelopes, boards: specs, ...options })
}

/** Boots these, and waits until they see one another. */
export function boot(world: World, boards: readonly Board[]): void {
  for (const board of boards) world.boot(board)
  world.until('they see one another', () => allAlive(boards), 20_000)
}

function write(world: World, board: Board, doc: DocId, pool: string, changes: ReadonlyMap<string, Scalar>): void {
  const reply = operator.put(world, board, doc, pool, () => changes)
  if (reply !== null && reply.kind !== 'receipt') throw new Error(JSON.stringify(reply))
}

/** Asks that board to admit the other. */
export function admit(world: World, board: Board, other: Board, pool = 'default'): void {
  wish(world, board, other, new Map([[opsPaths.admitted, pool]]))
}

export function wish(world: World, board: Board, other: Board, changes: ReadonlyMap<string, Scalar>): void {
  write(world, board, opsDocId(other.spec.id), board.spec.pool ?? 'default', changes)
}

export function state(world: World, board: Board, changes: ReadonlyMap<string, Scalar>): void {
  write(world, board, fleetDocId, '*', changes)
}

export function revokeToken(world: World, board: Board, seed: number): void {
  state(world, board, new Map([[fleetPaths.revoked(tokenId(seed)), 1]]))
}

export function submitJob(world: World, board: Board, options: JobOptions): JobId {
  const spec = jobSpec(options)
  const id = jobId(spec.namespace, spec.name)
  write(world, board, jobDocId(id), spec.pool, submission(spec)(new Map()))
  return id
}

/** What that board sees of the other's admission; null: it does not know it. */
export function standingOf(board: Board, other: Board): string | null {
  const node = board.core?.state?.view.nodes.get(other.spec.id)
  if (node === undefined) return null
  return node.evicted ? 'evicted' : (node.admission ?? 'member')
}
