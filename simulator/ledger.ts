// The ledger of seeds: a line for every hundred that has been played, by which commit, and what came of it. Plain text in, plain text out.

import { type SeedResult, hashText, mixHash } from './chaos/search.ts'

/** Seeds of one line. */
export const ledgerSeeds = 100

export interface LedgerLine {
  readonly from: number
  readonly to: number
  /** Of the code that played them, with nothing changed beside it. */
  readonly commit: string
  /** Over the hundred plans: whether the seeds draw what they drew then. */
  readonly plans: string
  /** Over the hundred traces: whether every board was told and answered the same. */
  readonly traces: string
  readonly steps: number
  /** How many of the things that a search must have met were met. */
  readonly sights: number
  readonly failing: readonly number[]
}

export const ledgerHead = '# seeds\tcommit\tplans\ttraces\tsteps\tsights\tfailing'

/** `results` in the order of their seeds. */
export function lineFrom(commit: string, results: readonly (SeedResult & { readonly planHash: string })[]): LedgerLine {
  return {
    from: results[0]!.seed,
    to: results.at(-1)!.seed,
    commit,
    plans: hashText(results.reduce((hash, { planHash }) => mixHash(hash, planHash), 0)),
    traces: hashText(results.reduce((hash, { traceHash }) => mixHash(hash, traceHash), 0)),
    steps: results.reduce((sum, { steps }) => sum + steps, 0),
    sights: new Set(results.flatMap(({ sights }) => [...sights].map(([sight]) => sight))).size,
    failing: results.filter(({ violations }) => violations.length > 0).map(({ seed }) => seed),
  }
}

export function lineText({ from, to, commit, plans, traces, steps, sights, failing }: LedgerLine): string {
  return [`${from}..${to}`, commit, plans, traces, steps, sights, failing.join(',') || '-'].join('\t')
}

const pattern = /^(\d+)\.\.(\d+)\t([0-9a-f]{7,40})\t([0-9a-f]{8})\t([0-9a-f]{8})\t(\d+)\t(\d+)\t(-|[\d,]+)$/

/** Every line, or an error that names the one that is none: a ledger that somebody spoilt is not written on. */
export function readLedger(text: string): LedgerLine[] {
  return text.split('\n').flatMap((line, at) => {
    if (line === '' || line.startsWith('#')) return []
    const [, from = '', to = '', commit = '', plans = '', traces = '', steps = '', sights = '', failing = ''] = pattern.exec(line) ?? []
    if (from === '') throw new Error(`line ${at + 1} of the ledger is none: ${line}`)
    const numbers = failing === '-' ? [] : failing.split(',').map(Number)
    return [{ from: Number(from), to: Number(to), commit, plans, traces, steps: Number(steps), sights: Number(sights), failing: numbers }]
  })
}

/** First seeds of hundreds that nobody has played or is playing, lowest first, for ever. */
export function* freeHundreds(lines: readonly LedgerLine[], isTaken: (from: number) => boolean): Generator<number> {
  const done = new Set(lines.map(({ from }) => from))
  for (let from = 1; ; from += ledgerSeeds) if (!done.has(from) && !isTaken(from)) yield from
}

/** What differs when a line is played again, in words. */
export function differences(before: LedgerLine, after: LedgerLine): string[] {
  const texts: string[] = []
  if (before.plans !== after.plans) texts.push(`the seeds draw other plans (${before.plans}, now ${after.plans})`)
  if (before.traces !== after.traces) texts.push(`the traces differ (${before.traces}, now ${after.traces})`)
  if (before.failing.join() !== after.failing.join())
    texts.push(`failing were ${before.failing.join(', ') || 'none'}, now ${after.failing.join(', ') || 'none'}`)
  return texts
}
