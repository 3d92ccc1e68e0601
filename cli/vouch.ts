// An admin's word about what a key wrote in the documents of jobs and nodes, before or after the key is revoked (docs/adr/0017).

import type { Doc } from '../crdt/doc.ts'
import { type DocId, type OperatorId } from '../crdt/ids.ts'
import type { Scalar } from '../crdt/registers.ts'
import { wordPaths } from '../crdt/rights/judge-doc.ts'
import type { Fleet } from './document.ts'
import { CliError } from './errors.ts'
import { editDocument } from './job-edit.ts'
import { plural, safe } from './render/words.ts'
import type { Session } from './session.ts'
import { submit } from './submit.ts'

/** A number that the register does not hold, so that writing it is a change, whatever the owner of a stolen key put there. */
export function another(doc: Doc, path: string): number {
  return (doc.judged?.of ?? doc).registers.get(path) === 1 ? 2 : 1
}

/** A change whose past holds all that is here of these keys. */
export function wordChanges(doc: Doc, word: keyof typeof wordPaths, keys: Iterable<OperatorId>): ReadonlyMap<string, Scalar> {
  return new Map(
    [...keys].map((key) => {
      const path = wordPaths[word](key)
      return [path, another(doc, path)]
    }),
  )
}

export interface Vouched {
  readonly docs: readonly DocId[]
  readonly pools: readonly string[]
  /** Pools that nobody could be asked about: what the key wrote there waits for a word. */
  readonly unasked: readonly string[]
}

/** In every document that can be had: what it says now by this key shall go on to count. */
export async function vouchEverywhere(session: Session, fleet: Fleet, key: OperatorId): Promise<Vouched> {
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const docs: DocId[] = []
  const unasked: string[] = []
  for (const { pool } of pools) {
    try {
      docs.push(...(await vouchIn(session, key, pool)))
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'E_POOL_UNREACHABLE') throw error
      unasked.push(pool)
    }
  }
  const name = safe(fleet.names.get(key) ?? key)
  if (unasked.length > 0)
    session.io.stderr.write(
      `${plural(unasked.length, 'pool')} did not answer (${unasked.map(safe).join(', ')}): what ${name} wrote there has no effect once the ` +
        'revocation arrives, and what runs by it is held; see shoal job voided\n',
    )
  return { docs, pools: pools.map(({ pool }) => pool), unasked }
}

async function vouchIn(session: Session, key: OperatorId, pool: string): Promise<readonly DocId[]> {
  const { docs } = await session.ask('docs', { method: 'doc.list', author: key }, { pool })
  for (const id of docs as readonly DocId[]) {
    const { envelopes } = await editDocument(session, id, pool, (doc) => wordChanges(doc, 'vouch', [key]))
    await submit(session, envelopes, pool, { confirm: 1, confirmTimeout: session.timeoutMs })
  }
  return docs as readonly DocId[]
}
