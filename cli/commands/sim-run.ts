// `sim run`: plays boards, jobs and faults as a file tells them, on the code that runs on the boards, in virtual time. No peer is
// needed and nothing is touched.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Command } from 'commander'
import type { Report } from '../../simulator/scenario/report.ts'
import { type Cli, local, outputOption } from '../command.ts'
import { CliError, wordsOf } from '../errors.ts'
import { loadScenario, play } from '../scenario/play-scenario.ts'
import { type OutputFormat, paintFor, printData } from '../print.ts'
import { clock, simText } from '../render/sim.ts'
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

async function writePage(file: string, report: Report): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, simPage(report))
  } catch (error) {
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
