// From a scenario's text to the report of its playing: job files read, pools checked, the simulator loaded when it is needed.

import { dirname, resolve } from 'node:path'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Report } from '../../simulator/scenario/report.ts'
import type { PlacedJob, Scenario, ScenarioEvent } from '../../simulator/scenario/scenario.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { faultLines } from '../job-file/fault.ts'
import { type JobForPools, loadForPools } from '../job/job-from-file.ts'
import { clock } from '../render/sim.ts'
import type { ScenarioPlan } from '../scenario-file/plan.ts'
import { readScenario } from '../scenario-file/read-scenario.ts'
import { readTextFile } from '../text-file.ts'

export async function loadScenario(io: Io, file: string): Promise<Scenario> {
  return await scenarioOf(file, await readTextFile(io, file), async (job, pools) => {
    return await loadForPools(io, resolve(dirname(file), job), async () => [...pools])
  })
}

/** Given the pools of the scenario's boards. */
type Load = (job: string, pools: ReadonlySet<string>) => Promise<JobForPools>

/** `load` is asked once for each job file that the text names. */
export async function scenarioOf(file: string, text: string, load: Load): Promise<Scenario> {
  const read = readScenario(file, text)
  if (!read.ok) {
    const count = read.faults.length
    throw new CliError('E_SCENARIO_FILE', `${file} has ${count} ${count === 1 ? 'fault' : 'faults'}`, { details: faultLines(read.faults) })
  }
  const { steps, ...scenario } = read.plan
  const placed: PlacedJob[] = []
  const timeline = await withJobs(steps, scenario.boards, load, placed)
  return { ...scenario, timeline, ...(placed.length === 0 ? {} : { placed }) }
}

/** Those that run already are added to `placed`. */
async function withJobs(
  steps: ScenarioPlan['steps'],
  boards: ScenarioPlan['boards'],
  load: Load,
  placed: PlacedJob[],
): Promise<ScenarioEvent[]> {
  const pools = new Set(boards.map(({ pool }) => pool))
  const jobs = new Map<string, readonly JobSpec[]>()
  const timeline: ScenarioEvent[] = []
  for (const step of steps) {
    if (step.kind !== 'run-file') {
      timeline.push(step)
      continue
    }
    const { atMs, file, via } = step
    const specs = jobs.get(file) ?? inPools(file, await load(file, pools), pools)
    if (via !== null && specs.length > 1) {
      const hint = `leave out 'via: ${via}': each pool is told at a board of its own`
      throw new CliError('E_POOL', `${file} is for ${specs.length} pools of the scenario, and a board takes orders for its own`, { hint })
    }
    jobs.set(file, specs)
    if (step.placed !== undefined) {
      placed.push(placedJob(step.placed, file, specs, via))
      continue
    }
    for (const spec of specs) timeline.push({ atMs, kind: 'run', spec, via })
  }
  return timeline
}

function placedJob(slots: ReadonlyMap<string, string>, file: string, specs: readonly JobSpec[], via: string | null): PlacedJob {
  const [spec, ...others] = specs
  if (spec === undefined || others.length > 0)
    throw new CliError('E_POOL', `${file} is for ${specs.length} pools: 'placed' is for jobs of one`)
  const has = (slot: string): boolean =>
    spec.groups.some(({ name, count }) => slot.startsWith(`${name}/`) && Number(slot.slice(name.length + 1)) < count)
  const unknown = [...slots.keys()].find((slot) => !has(slot))
  if (unknown !== undefined) throw new CliError('E_SCENARIO_FILE', `${file} has no slot ${unknown}, which 'placed' names`)
  return { spec, via, slots }
}

function inPools(file: string, { patterns, specs }: JobForPools, pools: ReadonlySet<string>): readonly JobSpec[] {
  if (specs.length > 0 && specs.every(({ pool }) => pools.has(pool))) return specs
  const wanted = (patterns ?? specs.map(({ pool }) => pool)).join(', ')
  const hint = `its boards are of ${[...pools].join(', ')}`
  throw new CliError('E_POOL', `${file} is for pool ${wanted}, which the scenario does not have`, { hint })
}

/** Loaded when it is needed: no other command waits for the core and its documents. */
export async function play(io: Io, scenario: Scenario): Promise<Report> {
  const { playScenario } = await import('../../simulator/scenario/play.ts')
  const shows = io.stderr.isTty
  const report = playScenario(scenario, (atMs) => {
    if (shows) io.stderr.write(`\r${clock(atMs)} of ${clock(scenario.durationMs)} `)
  })
  if (shows) io.stderr.write('\r\u001b[K')
  return report
}
