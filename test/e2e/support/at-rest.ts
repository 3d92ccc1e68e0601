// The `finally` rules of the chaos, held against real agents: their documents are fetched as signed envelopes and admitted anew, their view
// is projected from these, their plan is what they explain, and what runs is read from this machine's processes.

import { readFileSync } from 'node:fs'
import { rebuildDoc, rebuildFleet } from '../../../cli/documents/document.ts'
import type { JoinFile } from '../../../cli/fleet/fleet-files.ts'
import type { Doc } from '../../../crdt/doc.ts'
import { createReader } from '../../../crdt/engine.ts'
import { type DocId, type FleetId, type NodeId, type PoolName, fleetDocId, slotParts } from '../../../crdt/ids.ts'
import { createProjector } from '../../../crdt/project.ts'
import { viewHash } from '../../../crdt/view-hash.ts'
import type { Liveness, View } from '../../../crdt/view.ts'
import type { RunningTask } from '../../../node/core/ports.ts'
import { type Ask, type Occupied, disorderOn } from '../../../simulator/chaos/board-order.ts'
import { type Finding, sentenceOf } from '../../../simulator/chaos/invariants.ts'
import { type Knowledge, findingsAtRest } from '../../../simulator/chaos/rest.ts'
import { testCrypto } from '../../support/crypto.ts'
import { type Agent, type Fleet, ask, until } from './fleet.ts'
import { runningTasks } from './processes.ts'

const crypto = testCrypto()

/** Waits until nothing contradicts the rules; `boards` are all of one pool, none of them evicted. */
export async function atRest(fleet: Fleet, boards: readonly Agent[], withinMs: number): Promise<void> {
  let found: readonly Finding[] = []
  await until('a fleet at rest, as the rules have it', withinMs, async () => {
    found = await findingsNow(fleet, boards)
    return found.length === 0
  }).catch((error: unknown) => {
    const told = found.map(({ rule, what }) => `${rule}: ${what}\n  ${sentenceOf(rule)}`)
    throw new Error(told.join('\n'), { cause: error })
  })
}

async function findingsNow(fleet: Fleet, agents: readonly Agent[]): Promise<readonly Finding[]> {
  const blind: Finding[] = []
  const boards = await Promise.all(
    agents.map(async (agent) => {
      const { self, ownView, ...knows } = await knowledgeOf(fleet, agent)
      if (ownView !== knows.viewText())
        blind.push({ rule: 'view-of-documents', what: `${agent.name} sees ${ownView} in ${knows.viewText()}` })
      return { ...occupied(agent, knows.view, self), id: self, labels: agent.options.labels ?? {}, knows }
    }),
  )
  return [...findingsAtRest(boards), ...boards.flatMap((board) => disorderOn(board)), ...blind]
}

/** At rest all copies are at the form in force, so that says what they ask for. */
function occupied(agent: Agent, view: View, self: NodeId): Occupied {
  const tasks = runningTasks(agent)
  const asks = new Map<string, Ask>()
  for (const task of tasks) {
    const ask = askOf(view, task)
    if (ask !== undefined) asks.set(task.id, ask)
  }
  return { name: agent.name, capacity: view.nodes.get(self)?.capacity, tasks, asks }
}

function askOf(view: View, { slot, task }: RunningTask): Ask | undefined {
  const { job, group } = slotParts(slot)
  const asked = view.jobs.get(job)?.spec?.groups.find(({ name }) => name === group)
  const spec = asked?.tasks.find(({ name }) => name === task)
  return asked === undefined || spec === undefined ? undefined : { spec, diskMib: asked.diskMib }
}

/** `ownView`: what it says that it sees; what follows from its documents must be the same. */
async function knowledgeOf(fleet: Fleet, agent: Agent): Promise<Knowledge & { readonly self: NodeId; readonly ownView: string }> {
  const { nodes, coverage } = await ask(agent, 'nodes', { method: 'node.list' })
  const { jobs } = await ask(agent, 'jobs', { method: 'job.list' })
  const ids = [...nodes.flatMap(({ id }) => [`node/${id}` as DocId, `ops/${id}` as DocId]), ...jobs.map(({ id }) => `job/${id}` as DocId)]
  const docs = await documentsOf(fleet, agent, ids)
  const livenessOf = (id: NodeId): Liveness => nodes.find((node) => node.id === id)?.liveness ?? 'unheard'
  const view = createProjector(createReader(crypto))({ pool: coverage.pool as PoolName, docs, livenessOf })
  const explained = await Promise.all(jobs.map(async ({ id }) => (await ask(agent, 'explain', { method: 'job.explain', job: id })).slots))
  const slots = explained.flat()
  return {
    self: coverage.node as NodeId,
    view,
    documentsText: () =>
      [...docs.values()]
        .map(({ id, digest }) => `${id}=${digest}`)
        .toSorted()
        .join(' '),
    ownView: coverage.view,
    viewText: () => viewHash(crypto, view),
    planText: () =>
      slots.map(({ slot, heir, holder, candidate, reason }) => `${slot}: ${heir} ${holder} ${candidate} ${reason}`).join('\n'),
    reasonOf: (wanted) => slots.find(({ slot }) => slot === wanted)?.reason ?? null,
  }
}

async function documentsOf(fleet: Fleet, agent: Agent, ids: readonly DocId[]): Promise<ReadonlyMap<DocId, Doc>> {
  const envelopesOf = async (doc: DocId): Promise<readonly string[]> => (await ask(agent, 'doc', { method: 'doc.get', doc })).envelopes
  const { fleet: id } = JSON.parse(readFileSync(fleet.joinFile, 'utf8')) as JoinFile
  const known = rebuildFleet(crypto, id as FleetId, await envelopesOf(fleetDocId))
  const docs = new Map<DocId, Doc>([[fleetDocId, known.doc]])
  for (const name of ids) {
    const doc = rebuildDoc(crypto, id as FleetId, known, name, await envelopesOf(name))
    if (doc !== undefined) docs.set(name, doc)
  }
  return docs
}
