// A running fleet as a scenario: the pool's boards and jobs as the peer that answers sees them, ready for a timeline. Boards keep their
// ids, so that ties between equal ones are broken as in the fleet.

import type { Device } from '../../crdt/devices.ts'
import { stringify } from 'yaml'
import type { AllocRow } from '../../crdt/api-jobs.ts'
import { type SlotId, jobId, slotParts } from '../../crdt/ids.ts'
import type { JobSpec, TaskSpec } from '../../crdt/spec.ts'
import { boardsMax } from '../../simulator/scenario/choose.ts'
import { CliError } from '../errors.ts'
import { fromSpec } from '../job-file/from-spec.ts'
import { formatClock, formatSize } from '../job-file/units.ts'
import { isComplete } from '../render/jobs.ts'
import { shortId } from '../render/words.ts'
import type { Session } from '../peers/session.ts'

export interface FleetScenario {
  /** What a scenario file would hold, without a timeline of its own. */
  readonly data: ScenarioData
  /** Under the names by which `data` calls them. */
  readonly jobs: ReadonlyMap<string, JobSpec>
}

export interface ScenarioData {
  readonly scenario: string
  readonly boards: readonly object[]
  readonly jobs: readonly { readonly file: string; readonly via: string; readonly placed?: Readonly<Record<string, string>> }[]
  readonly timeline: readonly object[]
}

/** What is silent, drains or is not eligible now is so from the beginning. */
const fromTheBeginning = '0s'

export async function fleetScenario(session: Session): Promise<FleetScenario> {
  const { nodes, coverage } = await session.ask('nodes', { method: 'node.list' })
  const members = nodes.filter((node) => !node.evicted && node.liveness !== 'left')
  if (members.length > boardsMax) throw new CliError('E_POOL', `${members.length} boards are more than can be played (${boardsMax})`)
  const via = members.find((node) => node.liveness === 'alive')?.id
  if (via === undefined) throw new CliError('E_NO_NODE', 'no board of the pool is alive, so there is nothing to play')
  const boards = await Promise.all(
    members.map(async (node) => {
      const { node: detail } = await session.ask('node', { method: 'node.status', node: node.id })
      const healthy = Object.entries(detail.drivers).filter(([, { healthy: isHealthy }]) => isHealthy)
      return {
        name: nameIn(members, node),
        id: node.id,
        pool: node.pool,
        labels: detail.labels,
        attributes: detail.attributes,
        cpu: formatClock(node.cpuMhz),
        memory: formatSize(node.memoryMib),
        disk: formatSize(detail.diskMib),
        drivers: healthy.map(([driver]) => driver),
        ...(detail.devices === undefined ? {} : { devices: detail.devices.filter(({ fault }) => fault === '').map(deviceEntry) }),
      }
    }),
  )
  const jobs = await jobsOf(session)
  const { allocs } = await session.ask('allocs', { method: 'alloc.list' })
  const boardOf = new Map(members.map((node) => [node.id, nameIn(members, node)]))
  const first = nameIn(
    members,
    members.find(({ id }) => id === via)!,
  )
  return {
    jobs,
    data: {
      scenario: `${coverage.pool} as ${coverage.nodesAlive} of ${members.length} boards are seen`,
      boards,
      jobs: [...jobs].map(([file, spec]) => ({ file, via: first, ...placedOf(spec, allocs, boardOf) })),
      timeline: members.flatMap((node) => [
        ...(node.liveness === 'alive' ? [] : [{ at: fromTheBeginning, power_cut: nameIn(members, node) }]),
        ...(node.draining ? [{ at: fromTheBeginning, drain: nameIn(members, node), via: first }] : []),
        ...(node.eligible || node.draining ? [] : [{ at: fromTheBeginning, ineligible: nameIn(members, node), via: first }]),
      ]),
    },
  }
}

function deviceEntry({ key, type, vendor, model, attributes }: Device): object {
  return { name: `${vendor}/${type}/${model}`, key, attributes }
}

/** Where the copies are now. Runs of a periodic job begin anew, and of a system job every board has its own. */
function placedOf(spec: JobSpec, allocs: readonly AllocRow[], boardOf: ReadonlyMap<string, string>): { placed?: Record<string, string> } {
  if (spec.periodic !== undefined || spec.parameterized !== undefined) return {}
  const placed: Record<string, string> = {}
  for (const { slot, node, holder } of allocs) {
    const { job, group, index } = slotParts(slot as SlotId)
    const board = boardOf.get(node)
    const isWanted = spec.groups.some(({ name, count }) => name === group && index >= 0 && index < count)
    if (holder && isWanted && board !== undefined && job === jobId(spec.namespace, spec.name)) placed[`${group}/${index}`] = board
  }
  return { placed }
}

interface Named {
  readonly id: string
  readonly name: string
}

/** Two boards of one name are told apart by their ids. */
function nameIn(all: readonly Named[], { id, name }: Named): string {
  return all.some((other) => other.id !== id && other.name === name) ? `${name}-${shortId(id)}` : name
}

async function jobsOf(session: Session): Promise<Map<string, JobSpec>> {
  const found = new Map<string, JobSpec>()
  const { jobs } = await session.ask('jobs', { method: 'job.list' })
  for (const row of jobs) {
    // Of a parameterized job nothing runs, and of what was dispatched from it most is done: in time that is most of what a pool knows.
    if (row.desired !== 'run' || row.parameterized === true || (row.dispatchedFrom !== undefined && isComplete(row))) continue
    const { job } = await session.ask('job', { method: 'job.status', job: row.id })
    if (job.spec !== null) found.set(fileOf(job.spec as JobSpec), undispatched(job.spec as JobSpec))
  }
  return found
}

/** As a file can say it: simulated tasks read no payload, and no file has one. */
function undispatched({ dispatched, ...spec }: JobSpec): JobSpec {
  if (dispatched === undefined) return spec
  return { ...spec, groups: spec.groups.map((group) => ({ ...group, tasks: group.tasks.map(withoutPayload) })) }
}

function withoutPayload(task: TaskSpec): TaskSpec {
  const { dispatchPayloadFile: _, ...rest } = task
  return rest
}

function fileOf({ namespace, name }: JobSpec): string {
  return `jobs/${namespace}.${name}.yaml`
}

/** File → text: the scenario and its jobs. */
export function scenarioFiles({ data, jobs }: FleetScenario): Map<string, string> {
  const files = new Map([...jobs].map(([file, spec]) => [file, stringify(fromSpec(spec, { complete: false }), { lineWidth: 0 })] as const))
  return files.set('scenario.yaml', `${scenarioHead}${stringify(data, { lineWidth: 0 })}`)
}

const scenarioHead = `# The fleet as one of its boards sees it. Say below what shall happen, for example:
#   - { at: 2m, cut: [site=north, others] }
#   - { at: 7m, heal: all }
# and play it: shoal sim run scenario.yaml --html scenario.html
`
