// From a scenario's text to the report of its playing: job files read, pools checked, the simulator loaded when it is needed.

import { dirname, resolve } from 'node:path'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Report } from '../../simulator/scenario/report.ts'
import type { Scenario, ScenarioEvent } from '../../simulator/scenario/scenario.ts'
import { CliError } from '../errors.ts'
import type { Io } from '../io.ts'
import { faultLines } from '../job-file/fault.ts'
import { loadJobFile } from '../job/job-from-file.ts'
import { clock } from '../render/sim.ts'
import type { ScenarioPlan } from '../scenario-file/plan.ts'
import { readScenario } from '../scenario-file/read-scenario.ts'
import { readTextFile } from '../text-file.ts'

export async function loadScenario(io: Io, file: string): Promise<Scenario> {
  return await scenarioOf(file, await readTextFile(io, file), async (job) => await loadJobFile(io, resolve(dirname(file), job)))
}

/** `load` is asked once for each job file that the text names. */
export async function scenarioOf(file: string, text: string, load: (job: string) => Promise<JobSpec>): Promise<Scenario> {
  const read = readScenario(file, text)
  if (!read.ok) {
    const count = read.faults.length
    throw new CliError('E_SCENARIO_FILE', `${file} has ${count} ${count === 1 ? 'fault' : 'faults'}`, { details: faultLines(read.faults) })
  }
  const { steps, ...scenario } = read.plan
  return { ...scenario, timeline: await withJobs(steps, scenario.boards, load) }
}

async function withJobs(
  steps: ScenarioPlan['steps'],
  boards: ScenarioPlan['boards'],
  load: (job: string) => Promise<JobSpec>,
): Promise<ScenarioEvent[]> {
  const specs = new Map<string, JobSpec>()
  const pools = new Set(boards.map(({ pool }) => pool))
  const timeline: ScenarioEvent[] = []
  for (const step of steps) {
    if (step.kind !== 'run-file') {
      timeline.push(step)
      continue
    }
    const spec = specs.get(step.file) ?? (await load(step.file))
    if (!pools.has(spec.pool)) {
      const hint = `its boards are of ${[...pools].join(', ')}`
      throw new CliError('E_POOL', `${step.file} is for pool ${spec.pool}, which the scenario does not have`, { hint })
    }
    specs.set(step.file, spec)
    timeline.push({ atMs: step.atMs, kind: 'run', spec, via: step.via })
  }
  return timeline
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
