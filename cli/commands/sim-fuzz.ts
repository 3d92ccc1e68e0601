// `sim fuzz`: chaos drawn from seeds on the code of the boards, held against the rules that shoal promises. For whoever wants to see for
// themselves, and for whoever has changed something.

import { type Command, InvalidArgumentError } from 'commander'
import { type Cli, local } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'

interface Options {
  readonly seeds: readonly [from: number, to: number]
  readonly shrink?: boolean
  readonly verbose?: boolean
}

export function addSimFuzz(parent: Command, cli: Cli): Command {
  const command = parent
    .command('fuzz')
    .description('search for a seed whose chaos breaks a rule (exit code 1: there is one)')
    .option('--seeds <range>', 'seeds to run: 100 (the first hundred) or 101..200', parseSeeds, [1, 20] as const)
    .option('--shrink', 'reduce a failing seed to the fewest faults that still break its rule')
    .option('--verbose', 'print what happened, line by line')
  return local<Options>(cli, command, async ({ options }) => await fuzz(cli, options))
}

async function fuzz({ io }: Cli, { seeds: [from, to], shrink, verbose }: Options): Promise<ExitCode> {
  const { newSearch, searchSeed, shrunk, summaryLines, violationLines } = await import('../../simulator/chaos/search.ts')
  const print = (lines: readonly string[]): void => lines.forEach((line) => io.stdout.write(`${line}\n`))
  const search = newSearch()
  const began = io.now()
  let last = from - 1
  for (let seed = from; seed <= to && !io.signal.aborted; seed++) {
    if (io.stderr.isTty) io.stderr.write(`\r${bar(seed - from, to - from + 1)} seed ${seed}, ${search.failing.length} failing `)
    const result = searchSeed(search, seed)
    last = seed
    if (io.stderr.isTty) io.stderr.write('\r\u001b[K')
    if (verbose === true) print(result.timeline())
    print(violationLines(result, `shoal sim fuzz --seeds ${seed}..${seed} --verbose`))
    if (shrink === true && result.violations.length > 0) print(shrunk(result).lines)
    // Ctrl-C is heard between two seeds.
    await new Promise(setImmediate)
  }
  print(summaryLines(search, from, last, Math.max(1, io.now() - began) / 1_000))
  if (io.signal.aborted) return exitCodes.interrupted
  return search.failing.length > 0 ? exitCodes.error : exitCodes.done
}

const barWidth = 30

function bar(done: number, all: number): string {
  const full = Math.floor((barWidth * done) / all)
  return `[${'#'.repeat(full)}${'.'.repeat(barWidth - full)}]`
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
