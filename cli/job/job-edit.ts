// An edit of a document, from fetch to signed envelopes: rebuild what the peer has, write what differs, sign with the operator's own
// key. Nothing is sent here, so `job plan` and `job run` make exactly the same change.

import type { Doc } from '../../crdt/doc.ts'
import { opsPaths } from '../../crdt/documents/ops.ts'
import { jobPaths } from '../../crdt/documents/job.ts'
import type { Author, Envelope } from '../../crdt/envelope.ts'
import { type AuthorId, type DocId, type JobId, type OperatorId, fleetDocId, jobDocId } from '../../crdt/ids.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { editDoc } from '../../crdt/replica.ts'
import { differs } from '../../crdt/replica-edit.ts'
import { fleetBasis } from '../../crdt/rights/basis.ts'
import { covers } from '../../crdt/rights/grant.ts'
import { judgeDoc, toEdit } from '../../crdt/rights/judge-doc.ts'
import type { OpenProposal } from '../../crdt/rights/open-proposals.ts'
import { authorOf } from '../documents/author.ts'
import { type Fleet, fetchDoc, fetchFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type Proposed, proposedFor, stolenIn } from '../fleet/proposal.ts'
import type { Session } from '../peers/session.ts'

export interface Edit {
  readonly before: Doc
  readonly after: Doc
  /** Empty when the document already says all of it. */
  readonly envelopes: readonly Envelope[]
  readonly fleet: Fleet
  readonly author: AuthorId
  /** Of the fleet document: what other admins have yet to sign, instead of being written. */
  readonly proposed: Proposed | null
}

export type Changes = (doc: Doc) => ReadonlyMap<string, Scalar>

export interface Draft {
  readonly author: Author
  readonly fleet: Fleet
  readonly before: Doc
}

/** The document as the peer has it, for an operator who may write it. */
export async function openDocument(session: Session, id: DocId, pool: string | undefined): Promise<Draft> {
  const author = await authorOf(session.io, session.context)
  const fleet = await fetchFleet(session)
  const before = id === fleetDocId ? fleet.doc : await fetchDoc(session, fleet, id, pool)
  mustWrite(fleet, author.id, before)
  return { author, fleet, before }
}

export async function editDocument(session: Session, id: DocId, pool: string | undefined, changes: Changes): Promise<Edit> {
  const draft = await openDocument(session, id, pool)
  return edited(session, draft, toEdit(draft.before), changes)
}

/** `without`: it builds on nothing of that key that nobody else has built upon. `changes` is asked of what it builds on. */
export async function editFleet(session: Session, changes: Changes, without?: AuthorId): Promise<Edit> {
  const draft = await openDocument(session, fleetDocId, undefined)
  const basis = fleetBasis(session.io.crypto, draft.before, without)
  const wanted = changes(basis)
  const proposed = proposedFor(session.io, { rights: draft.fleet.rights, key: draft.author.id }, basis, wanted, without)
  return { ...edited(session, draft, basis, () => proposed?.registers ?? wanted), proposed }
}

/** Puts a proposal into effect: exactly what was signed, also what the document says already. */
export async function enactProposal(session: Session, { writes }: OpenProposal): Promise<Edit> {
  const draft = await openDocument(session, fleetDocId, undefined)
  const basis = fleetBasis(session.io.crypto, draft.before, stolenIn(writes))
  const conflicts = new Map(basis.conflicts)
  for (const [path, value] of writes) if (!differs(basis, path, value)) conflicts.set(path, [null])
  return edited(session, draft, { ...basis, conflicts }, () => writes)
}

function edited(session: Session, { author, fleet, before }: Draft, open: Doc, changes: Changes): Edit {
  const name = fleet.names.get(author.id as OperatorId) ?? author.id
  const { after, envelopes } = signed(session, { before, open }, author, changes(before), name)
  return { after: judgeDoc(after, fleet.rights), envelopes, before, fleet, author: author.id, proposed: null }
}

/** An existing job only: a wish about a job that is not there is a slip of the finger. */
export async function editJob(session: Session, job: JobId, changes: Changes): Promise<Edit> {
  return await editDocument(session, jobDocId(job), undefined, (doc) => {
    mustExist(doc, job)
    return changes(doc)
  })
}

export function mustExist(doc: Doc, job: JobId): void {
  if (doc.changeCount > 0) return
  throw new CliError('E_JOB_UNKNOWN', `there is no job '${job}' in pool ${doc.pool}`, {
    hint: 'shoal job status lists the jobs; name another pool with --pool',
  })
}

function signed(
  session: Session,
  { before, open }: { readonly before: Doc; readonly open: Doc },
  author: Author,
  changes: ReadonlyMap<string, Scalar>,
  by: string,
): { after: Doc; envelopes: readonly Envelope[] } {
  const { crypto } = session.io
  const seconds = Math.floor(session.io.now() / 1000)
  const dry = editDoc(crypto, open, author, changes, seconds)
  // Who did it is written only along with something that was done.
  if (dry.envelopes.length === 0) return { after: before, envelopes: [] }
  const path = before.kind === 'job' ? jobPaths.by : opsPaths.by
  const all = before.kind === 'fleet' ? changes : new Map([...changes, [path, by]])
  const { doc, envelopes } = editDoc(crypto, open, author, all, seconds)
  return { after: doc, envelopes }
}

function mustWrite({ name, rights }: Fleet, author: AuthorId, { id, kind, pool }: Doc): void {
  const grant = rights.now.get(author)
  if (grant !== undefined && covers(grant, { kind, doc: id, pool })) return
  const role = grant === undefined ? 'has no role' : `is ${grant.role === 'viewer' ? 'a viewer' : `an operator without the right to ${id}`}`
  const found = rights.revoked.has(author) ? 'is revoked' : role
  throw new CliError('E_ROLE', `the key ${author} ${found} in fleet '${name}', so no node would take its changes`, {
    hint: 'an admin grants more with `shoal fleet operator add`',
  })
}
