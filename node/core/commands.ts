// Requests of operators. Reads are answered from the view; writes carry envelopes that the operator's own key signed, and pass
// through the same gate as everybody's. What is about another pool is forwarded to a node of it.

import type { Reply, Request } from '../../crdt/api-types.ts'
import { fromBase64, toBase64 } from '../../crdt/base64.ts'
import type { JobId, NodeId, OperatorId } from '../../crdt/ids.ts'
import { parseDocId } from '../../crdt/ids.ts'
import type { Claim } from '../../crdt/view.ts'
import { isHeard } from './admission.ts'
import { remainsOf } from './allocs/finished.ts'
import { envelopeKey, operatorsDocs, rightsHere } from './documents.ts'
import { examine } from './doctor/examine.ts'
import type { CoreEvent } from './event.ts'
import { follow, unfollow } from './follow.ts'
import { forward, poolAbout } from './forward.ts'
import { allocDetail, allocRows, resolveAlloc } from './queries/allocs.ts'
import { forgiveNode } from './queries/bans.ts'
import { checkRows } from './queries/checks.ts'
import { coverageOf } from './queries/coverage.ts'
import { explainJobReply, findJob, historyReply, jobDetail, jobRows } from './queries/jobs.ts'
import { nodeDetail, nodeRows, resolveNode } from './queries/nodes.ts'
import { pendingReply } from './queries/pending.ts'
import { planReply } from './queries/what-if.ts'
import { fleetReply, statusReply } from './queries/status.ts'
import { receiptsReply } from './queries/receipt.ts'
import { putDocuments } from './put-documents.ts'
import { pskCame, validPsks } from './psk.ts'
import { type Step, isEvicted, log, refuseRequest, reply } from './state.ts'
import { wireLimits } from './wire.ts'

type Command = CoreEvent & { kind: 'command' }

export function command(step: Step, event: Command): void {
  const { state } = step
  const { request } = event
  if (!mayRead(step, event.caller)) return forbid(step, event.id, event.caller ?? '')
  const pool = poolAbout(step, request)
  if (!pool.ok) return refuseRequest(step, event.id, pool.code, pool.message)
  if (pool.value !== state.boot.config.pool) return forward(step, event, pool.value)
  switch (request.method) {
    case 'status':
      return reply(step, event.id, statusReply(step))
    case 'doctor':
      return examine(step, event.id, request.alone === true)
    case 'fleet.status':
      return reply(step, event.id, fleetReply(step))
    case 'job.list':
      return reply(step, event.id, { kind: 'jobs', coverage: coverageOf(step), jobs: jobRows(state) })
    case 'job.status':
      return request.follow === true ? follow(step, event, []) : jobStatus(step, event.id, request.job)
    case 'job.explain':
      return withJob(step, event.id, request.job, (job) => explainJobReply(step, job))
    case 'job.history':
      return withJob(step, event.id, request.job, (job) => historyReply(step, job))
    case 'job.plan':
      return reply(step, event.id, planReply(step, request.job, request.envelopes))
    case 'doc.get':
      return docGet(step, event.id, request.doc)
    case 'doc.list':
      return reply(step, event.id, docsOf(step, request.author))
    case 'doc.receipts':
      return docReceipts(step, event.id, request.doc)
    case 'doc.put':
      return putDocuments(step, event, request)
    case 'node.list':
      return reply(step, event.id, { kind: 'nodes', coverage: coverageOf(step), nodes: nodeRows(state, step.now) })
    case 'node.pending':
      return reply(step, event.id, pendingReply(step))
    case 'node.status':
      return nodeStatus(step, event.id, request.node)
    case 'node.forgive':
      return nodeForgive(step, event, request.node)
    case 'alloc.list':
      return reply(step, event.id, { kind: 'allocs', coverage: coverageOf(step), allocs: allocRows(state) })
    case 'alloc.status':
      return allocStatus(step, event.id, request.alloc)
    case 'alloc.checks':
      return allocChecks(step, event.id, request)
    case 'alloc.logs':
      return logs(step, event.id, request)
    case 'psk.offer':
      return pskOffered(step, event.id, request.key)
    case 'psk.get':
      return pskAsked(step, event.id, event.caller)
    case 'fault.cut':
      return faultCut(step, event.id, request.peers)
    default:
      return refuseRequest(
        step,
        event.id,
        'E_METHOD',
        `this node does not know the request '${String((request as { method?: unknown }).method).slice(0, 40)}'`,
        'the agent may be older than the CLI',
      )
  }
}

export function commandGone(step: Step, id: number): void {
  unfollow(step, id)
}

/** The board's own socket may read; a key must be an operator's, or that of a node, not evicted, that forwards for one. */
function mayRead(step: Step, caller: string | null): boolean {
  if (caller === null) return true
  if (rightsHere(step.state)?.now.has(caller as OperatorId) === true) return true
  if (!isHeard(step.state, caller as NodeId)) return false
  return step.state.view.nodes.has(caller as NodeId) || step.state.peers.has(caller as NodeId)
}

function forbid(step: Step, id: number, caller: string): void {
  if (isEvicted(step.state, caller as NodeId))
    return refuseRequest(step, id, 'E_FORBIDDEN', `the board ${caller} is evicted`, 'an operator admits it again with `node evict --undo`')
  if (step.state.peers.has(caller as NodeId))
    return refuseRequest(step, id, 'E_FORBIDDEN', `the board ${caller} waits to be admitted`, 'an operator does so with `node admit`')
  refuseRequest(step, id, 'E_FORBIDDEN', `the key ${caller} has no role in this fleet`, 'an admin adds it to the fleet document')
}

function withJob(step: Step, id: number, name: string, answer: (job: JobId) => Reply): void {
  const job = findJob(step.state, name)
  if (job === undefined)
    return refuseRequest(
      step,
      id,
      'E_JOB_UNKNOWN',
      `there is no job '${name.slice(0, 140)}' in pool ${step.state.boot.config.pool}`,
      '`shoal job status` lists the jobs',
    )
  reply(step, id, answer(job))
}

function jobStatus(step: Step, id: number, name: string): void {
  withJob(step, id, name, (job) => jobDetail(step, job))
}

function docGet(step: Step, id: number, name: string): void {
  const { state } = step
  const parsed = parseDocId(name)
  if (!parsed.ok) return refuseRequest(step, id, parsed.code, parsed.message)
  const doc = state.docs.get(parsed.value.id)
  if (doc === undefined) return reply(step, id, { kind: 'doc', doc: name, pool: state.boot.config.pool, epoch: 0, envelopes: [] })
  step.out.push({
    kind: 'reply-stored',
    id,
    doc: doc.id,
    pool: doc.pool,
    epoch: doc.epoch,
    keys: doc.envelopes.map((ref) => envelopeKey(ref.hash)),
  })
}

function docsOf(step: Step, author: string | undefined): Reply {
  const wrote = operatorsDocs(step.state).filter((doc) => author === undefined || doc.envelopes.some((ref) => ref.author === author))
  return { kind: 'docs', coverage: coverageOf(step), docs: wrote.filter(({ kind }) => kind !== 'fleet').map(({ id }) => id) }
}

function docReceipts(step: Step, id: number, name: string): void {
  const parsed = parseDocId(name)
  if (!parsed.ok) return refuseRequest(step, id, parsed.code, parsed.message)
  reply(step, id, receiptsReply(step, parsed.value.id))
}

function nodeStatus(step: Step, id: number, name: string): void {
  const found = resolveNode(step.state, name)
  if (!found.ok) return refuseRequest(step, id, found.code, found.message)
  reply(step, id, { kind: 'node', coverage: coverageOf(step), node: nodeDetail(step.state, found.value, step.now) })
}

function nodeForgive(step: Step, { id, caller }: Command, name: string): void {
  const done = forgiveNode(step, name, caller)
  if (done.ok) reply(step, id, done.value)
  else refuseRequest(step, id, done.code, done.message, '`shoal status --peer BOARD` shows whom a board has banned')
}

function allocStatus(step: Step, id: number, name: string): void {
  const found = resolveAlloc(step.state, name)
  if (!found.ok) return refuseRequest(step, id, found.code, found.message)
  reply(step, id, { kind: 'alloc', coverage: coverageOf(step), alloc: allocDetail(step.state, found.value) })
}

function allocChecks(step: Step, id: number, request: Request & { method: 'alloc.checks' }): void {
  const found = resolveAlloc(step.state, request.alloc)
  if (!found.ok) return refuseRequest(step, id, found.code, found.message)
  if (isElsewhere(step, id, found.value, { request, what: 'its checks' })) return
  reply(step, id, { kind: 'checks', coverage: coverageOf(step), checks: checkRows(step, found.value) })
}

/** What only the copy's own board has is answered there. */
function isElsewhere(
  { state, out }: Step,
  id: number,
  claim: Claim,
  { request, what }: { readonly request: Request & { alloc: string }; readonly what: string },
): boolean {
  if (claim.node === state.boot.config.self) return false
  const name = state.view.nodes.get(claim.node)?.name ?? claim.node
  const unanswered = {
    code: 'E_NODE_UNREACHABLE',
    message: `${name}, which holds ${what}, does not answer`,
    hint: `no other board has it; \`shoal node status ${name}\` tells how that one is`,
  }
  const there = { ...request, alloc: claim.alloc, pool: state.boot.config.pool }
  out.push({ kind: 'forward', id, to: [claim.node], request: there, unanswered })
  return true
}

/** Logs are on the board that ran the task. */
function logs(step: Step, id: number, request: Request & { method: 'alloc.logs' }): void {
  const { state } = step
  const found = resolveAlloc(state, request.alloc)
  if (!found.ok) return refuseRequest(step, id, found.code, found.message)
  const claim = found.value
  if (isElsewhere(step, id, claim, { request, what: 'the log' })) return
  const live = [...state.allocs.values()].find((entry) => entry.alloc === claim.alloc)
  const alloc = live === undefined ? state.finished.find((entry) => entry.alloc === claim.alloc) : remainsOf(live)
  const names = alloc?.tasks.map((entry) => entry.name) ?? []
  const name = request.task ?? (names.length === 1 ? names[0] : undefined)
  const task = name === undefined ? undefined : alloc?.tasks.find((entry) => entry.name === name)
  if (alloc === undefined)
    return refuseRequest(step, id, 'E_LOGS_GONE', `the logs of ${claim.alloc} are no longer on ${state.boot.config.name}`)
  if (task === undefined) {
    const wrong = request.task === undefined ? 'it has several tasks' : `it has no task '${request.task.slice(0, 64)}'`
    return refuseRequest(step, id, 'E_TASK_UNKNOWN', `${wrong}; say which with --task: ${names.join(', ')}`)
  }
  step.out.push({
    kind: 'logs',
    id,
    task: task.id,
    driver: task.driver,
    stream: request.stream,
    follow: request.follow,
    tailBytes: request.tailBytes,
  })
}

/** Whoever brings it: what makes it the fleet's is an admin's word in the document. */
function pskOffered(step: Step, id: number, text: string): void {
  const bytes = fromBase64(text)
  if (bytes.ok && bytes.value.length === wireLimits.pskBytes && pskCame(step, bytes.value)) return reply(step, id, { kind: 'done' })
  refuseRequest(step, id, 'E_PSK', 'no admin has said of this pre-shared key that it is the fleet’s', 'begin with: shoal fleet psk rotate')
}

/** Boards ask one another on their own connections; whoever has only a board's socket needs no key. */
function pskAsked(step: Step, id: number, caller: string | null): void {
  if (caller === null || rightsHere(step.state)?.now.has(caller as OperatorId) !== true) return forbid(step, id, caller ?? 'of the socket')
  reply(step, id, { kind: 'psk', keys: validPsks(step.state).map(toBase64) })
}

function faultCut(step: Step, id: number, peers: readonly string[] | null): void {
  const { state } = step
  if (!state.boot.config.dev)
    return refuseRequest(step, id, 'E_FORBIDDEN', 'faults are injected only into agents that were started with --dev')
  const ids: NodeId[] = []
  for (const name of peers ?? []) {
    const found = resolveNode(state, name)
    if (!found.ok) return refuseRequest(step, id, found.code, found.message)
    ids.push(found.value.id)
  }
  log(
    step,
    'warn',
    peers === null
      ? 'cut off from everybody (injected)'
      : peers.length === 0
        ? 'cut ended (injected)'
        : `cut off from ${peers.join(', ')} (injected)`,
  )
  step.out.push({ kind: 'inject-cut', peers: peers === null ? null : ids })
  reply(step, id, { kind: 'done' })
}
