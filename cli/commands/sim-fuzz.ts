// `sim fuzz`: chaos drawn from seeds on the code of the boards, held against the rules that shoal promises. For whoever wants to see for
// themselves, and for whoever has changed something.

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { JobSpec } from '../../crdt/spec.ts'
import { type Cli, collect, local } from '../command.ts'
import { CliError } from '../errors.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { loadJobFile } from '../job/job-from-file.ts'

interface Options {
  readonly seeds: readonly [from: number, to: number]
  readonly jobs?: readonly string[]
  readonly nodes?: number
  readonly shrink?: boolean
  readonly verbose?: boolean
}

export function addSimFuzz(parent: Command, cli: Cli): Command {
  const command = parent
    .command('fuzz')
    .description('search for a seed whose chaos breaks a rule (exit code 1: there is one)')
    .addOption(
      new Option('--seeds <range>', 'seeds to run: 100 (the first hundred) or 101..200').argParser(parseSeeds).default([1, 20], '20'),
    )
    .option('--jobs <file>', 'job file to play instead of drawn jobs (may be repeated); waits after failures are cut to seconds', collect)
    .option('--nodes <n>', 'number of boards (drawn from 3 to 9 otherwise)', parseNodes)
    .option('--shrink', 'reduce a failing seed to the fewest faults that still break its rule')
    .option('--verbose', 'print what happened, line by line')
  return local<Options>(cli, command, async ({ options }) => await fuzz(cli, options))
}

async function fuzz({ io }: Cli, options: Options): Promise<ExitCode> {
  const {
    seeds: [from, to],
    shrink,
    verbose,
  } = options
  const setting = await settingOf(io, options)
  const { newSearch, searchSeed, shrunk, summaryLines, violationLines } = await import('../../simulator/chaos/search.ts')
  const print = (lines: readonly string[]): void => lines.forEach((line) => io.stdout.write(`${line}\n`))
  const search = newSearch()
  const began = io.now()
  let last = from - 1
  for (let seed = from; seed <= to && !io.signal.aborted; seed++) {
    if (io.stderr.isTty) io.stderr.write(`\r${bar(seed - from, to - from + 1)} seed ${seed}, ${search.failing.length} failing `)
    const result = searchSeed(search, seed, { setting })
    last = seed
    if (io.stderr.isTty) io.stderr.write('\r\u001b[K')
    if (verbose === true) print(result.timeline())
    print(violationLines(result, `shoal sim fuzz --seeds ${seed}..${seed} --verbose${replayFlags(options)}`))
    if (shrink === true && result.violations.length > 0) print(shrunk(result, { setting }).lines)
    // Ctrl-C is heard between two seeds.
    await new Promise(setImmediate)
  }
  print(summaryLines(search, from, last, Math.max(1, io.now() - began) / 1_000))
  if (io.signal.aborted) return exitCodes.interrupted
  return search.failing.length > 0 ? exitCodes.error : exitCodes.done
}

async function settingOf(io: Cli['io'], { jobs = [], nodes }: Options): Promise<{ nodes?: number; jobs?: JobSpec[] }> {
  const specs = new Map<string, JobSpec>()
  for (const file of jobs) {
    const spec = await loadJobFile(io, file)
    const name = `${spec.namespace}/${spec.name}`
    const kind = unplayed(spec)
    if (kind !== null) {
      const hint = 'it plays jobs that run once they are handed in: service, batch, system and sysbatch'
      throw new CliError('E_USAGE', `--jobs: ${file} is a ${kind} job, which the search does not play`, { hint })
    }
    if (specs.has(name)) throw new CliError('E_USAGE', `--jobs: ${file} is a second file for job ${name}`)
    specs.set(name, spec)
  }
  const pools = new Set([...specs.values()].map(({ pool }) => pool)).size
  if (nodes !== undefined && nodes < 2 * pools)
    throw new CliError('E_USAGE', `--nodes ${nodes}: the jobs are for ${pools} pools, and each needs two boards at least`)
  return { ...(nodes === undefined ? {} : { nodes }), ...(specs.size === 0 ? {} : { jobs: [...specs.values()] }) }
}

/** Of a template and of a clock's job nothing runs until somebody or the clock says so: the search knows no such orders. */
function unplayed({ periodic, parameterized }: JobSpec): 'periodic' | 'parameterized' | null {
  if (periodic !== undefined) return 'periodic'
  return parameterized === undefined ? null : 'parameterized'
}

/** What has to be said again to have the same plan again. */
export function replayFlags({ jobs = [], nodes }: Pick<Options, 'jobs' | 'nodes'>): string {
  const files = jobs.map((file) => ` --jobs ${/^[\w./@%+=:,-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`}`)
  return `${nodes === undefined ? '' : ` --nodes ${nodes}`}${files.join('')}`
}

const barWidth = 30

function bar(done: number, all: number): string {
  const full = Math.floor((barWidth * done) / all)
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`
}

/** Every fault names boards by hand and every board may connect to all others: beyond this a seed takes longer than anybody waits. */
const nodesMax = 100

function parseNodes(text: string): number {
  if (!/^\d{1,3}$/.test(text) || Number(text) < 2 || Number(text) > nodesMax)
    throw new InvalidArgumentError(`allowed: a whole number from 2 to ${nodesMax}.`)
  return Number(text)
}

/** More in one call than anybody waits for. */
const seedsMax = 1_000_000

function parseSeeds(text: string): readonly [number, number] {
  const [, first = '', second] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? []
  const [from, to] = second === undefined ? [1, Number(first)] : [Number(first), Number(second)]
  if (first === '' || from < 1 || to < from || to - from >= seedsMax)
    throw new InvalidArgumentError('allowed: a number of seeds, or a range such as 1..100.')
  return [from, to]
}
