// An admin's word about what a key wrote in the documents of jobs and nodes, before or after the key is revoked (docs/adr/0017).

import type { Doc } from '../../crdt/doc.ts'
import { fleetPaths } from '../../crdt/documents/fleet.ts'
import { type AuthorId, type DocId, type OperatorId, fleetDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { wordPaths } from '../../crdt/rights/judge-doc.ts'
import type { Fleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { editDocument, editFleet } from '../job/job-edit.ts'
import { safe } from '../render/words.ts'
import type { Session } from '../peers/session.ts'
import { submit } from '../documents/submit.ts'

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
  /** Those whose present epoch the key began: their first envelopes, which boards that sleep have yet to take. */
  readonly epochs: readonly string[]
  /** Documents in which it could not be said, with the reason. */
  readonly failed: readonly { readonly doc: string; readonly reason: string }[]
  readonly pools: readonly string[]
  /** Pools that nobody could be asked about: what the key wrote there waits for a word. */
  readonly unasked: readonly string[]
}

/** In every document that can be had: what it says now by this key shall go on to count. What goes wrong is said, and stops nothing. */
export async function vouchEverywhere(session: Session, fleet: Fleet, key: OperatorId): Promise<Vouched> {
  const { pools } = await session.ask('fleet', { method: 'fleet.status' })
  const told: Told = { docs: [], epochs: [], failed: [] }
  const unasked: string[] = []
  for (const { pool } of pools) {
    const asked = await attempt(async () => await session.ask('docs', { method: 'doc.list', author: key }, { pool }))
    if (!asked.ok) unasked.push(pool)
    else for (const id of asked.value.docs as readonly DocId[]) await vouchIn(session, key, pool, id, told)
  }
  const kept = await attempt(async () => await keepEpochs(session, told.epochs))
  if (!kept.ok) told.failed.push({ doc: fleetDocId, reason: kept.message })
  const name = safe(fleet.names.get(key) ?? key)
  const lost = [...unasked.map((pool) => `pool ${pool} did not answer`), ...told.failed.map(({ doc, reason }) => `${doc}: ${reason}`)]
  if (lost.length > 0)
    session.io.stderr.write(
      `not vouched for:\n${lost.map((line) => `  ${safe(line)}\n`).join('')}what ${name} wrote there has no effect once the revocation arrives, ` +
        'and what runs by it is held; see shoal job voided\n',
    )
  return { ...told, pools: pools.map(({ pool }) => pool), unasked }
}

interface Told {
  readonly docs: DocId[]
  readonly epochs: string[]
  readonly failed: { doc: string; reason: string }[]
}

async function vouchIn(session: Session, key: OperatorId, pool: string, id: DocId, told: Told): Promise<void> {
  const done = await attempt(async () => {
    const { before, envelopes, fleet } = await editDocument(session, id, pool, (doc) => wordChanges(doc, 'vouch', [key]))
    await submit(session, envelopes, pool, { confirm: 1, confirmTimeout: session.timeoutMs })
    // An epoch that this key named counts no more either: it is named again.
    told.epochs.push(...epochBy(before, [key, ...fleet.rights.revoked]))
  })
  if (done.ok) told.docs.push(id)
  else told.failed.push({ doc: id, reason: done.message })
}

/** The envelope with which one of these keys, revoked or about to be, began the document's present epoch. */
export function epochBy({ epoch, envelopes: [first] }: Doc, keys: Iterable<AuthorId>): readonly string[] {
  return epoch > 1 && first !== undefined && new Set(keys).has(first.author) ? [first.hash] : []
}

/** Epochs that revoked keys, or one that is about to be, began. On its own, so that the revocation itself is as small as it can be. */
export async function keepEpochs(session: Session, envelopes: readonly string[]): Promise<void> {
  if (envelopes.length === 0) return
  const paths = envelopes.map((hash) => fleetPaths.kept(hash))
  const edit = await editFleet(session, (doc) => new Map(paths.map((path) => [path, another(doc, path)])))
  if (edit.envelopes.length > 0) await submit(session, edit.envelopes, undefined, { confirm: 1, confirmTimeout: session.timeoutMs })
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly message: string }

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await work() }
  } catch (error) {
    if (error instanceof CliError) return { ok: false, message: `${error.code} ${error.message}` }
    throw error
  }
}
