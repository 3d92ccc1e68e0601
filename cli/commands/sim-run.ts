// `sim run`: plays boards, jobs and faults as a file tells them, on the code that runs on the boards, in virtual time. No peer is
// needed and nothing is touched.

import { readFile, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Report } from '../../simulator/scenario/report.ts'
import type { Scenario, ScenarioEvent } from '../../simulator/scenario/scenario.ts'
import { type Cli, local, outputOption } from '../command.ts'
import { CliError, wordsOf } from '../errors.ts'
import type { Io } from '../io.ts'
import { faultLines } from '../job-file/fault.ts'
import { loadJobFile } from '../job-from-file.ts'
import { type OutputFormat, paintFor, printData } from '../print.ts'
import { clock, simText } from '../render/sim.ts'
import type { ScenarioPlan } from '../scenario-file/plan.ts'
import { readScenario } from '../scenario-file/read-scenario.ts'
import { simPage } from '../sim-page/page.ts'

interface Options {
  readonly output: OutputFormat
  readonly html?: string
}

export function addSimRun(parent: Command, cli: Cli): Command {
  const command = parent
    .command('run')
    .description('play a scenario in virtual time: who runs what when, and when nobody does (no peer is needed)')
    .argument('<file>', 'scenario file (YAML or JSON); shoal sim init writes one')
    .option('--html <file>', 'write one page to look at and step through, too')
    .addOption(outputOption())
  return local<Options>(cli, command, async ({ args: [file = ''], options }) => {
    const scenario = await loadScenario(cli.io, file)
    const started = cli.io.now()
    const report = await play(cli.io, scenario)
    const tookMs = cli.io.now() - started
    if (options.html !== undefined) await writePage(options.html, report)
    if (options.output !== 'table') return printData(cli.io, options.output, report)
    cli.io.stdout.write(simText(report, paintFor(cli.io)))
    const page = options.html === undefined ? '' : `; ${options.html} shows it`
    cli.io.stderr.write(`played ${clock(report.durationMs)} in ${(tookMs / 1_000).toFixed(1)} s${page}\n`)
  })
}

async function loadScenario(io: Io, file: string): Promise<Scenario> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    throw new CliError('E_FILE', `cannot read '${file}': ${wordsOf(error)}`)
  }
  const read = readScenario(file, text)
  if (!read.ok) {
    const count = read.faults.length
    throw new CliError('E_SCENARIO_FILE', `${file} has ${count} ${count === 1 ? 'fault' : 'faults'}`, { details: faultLines(read.faults) })
  }
  return { ...read.plan, timeline: await withJobs(io, dirname(file), read.plan) }
}

/** Reads every job file that the plan names, once. */
async function withJobs(io: Io, folder: string, { steps, boards }: ScenarioPlan): Promise<ScenarioEvent[]> {
  const specs = new Map<string, JobSpec>()
  const pools = new Set(boards.map(({ pool }) => pool))
  const timeline: ScenarioEvent[] = []
  for (const step of steps) {
    if (step.kind !== 'run-file') {
      timeline.push(step)
      continue
    }
    const spec = specs.get(step.file) ?? (await loadJobFile(io, resolve(folder, step.file)))
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
async function play(io: Io, scenario: Scenario): Promise<Report> {
  const { playScenario } = await import('../../simulator/scenario/play.ts')
  const shows = io.stderr.isTty
  const report = playScenario(scenario, (atMs) => {
    if (shows) io.stderr.write(`\r${clock(atMs)} of ${clock(scenario.durationMs)} `)
  })
  if (shows) io.stderr.write('\r\u001b[K')
  return report
}

async function writePage(file: string, report: Report): Promise<void> {
  try {
    await writeFile(file, simPage(report))
  } catch (error) {
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
