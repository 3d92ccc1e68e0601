// `npm run sim:ledger -- --hundreds 5 [--workers 2]`: plays the next hundreds of seeds that are not in `ledger.tsv` and writes a line for
// each. Refuses a tree with changes: a line names the commit that played it. Several may run at once; one that is interrupted loses its
// hundred and no more. `--check 301..400` plays a line again with the code as it is and says what differs.

import { existsSync, readFileSync } from 'node:fs'
import { type CrewAnswers, playAll, workersOf } from './crew-main.ts'
import { Claims, appendLine, cleanCommit, keepFailing, ledgerFile } from './files-main.ts'
import { type LedgerLine, differences, freeHundreds, ledgerHead, ledgerSeeds, lineFrom, lineText, readLedger } from './ledger.ts'
import { readOptions } from './options-main.ts'

type Result = CrewAnswers['seed']

const options = readOptions({
  'hundreds N': 'play so many of the next hundreds of seeds (1 unless told otherwise)',
  'check RANGE': 'play a hundred of the ledger again, such as 101..200',
  'workers N': 'so many processes',
})
const workers = workersOf(options.get('workers'))
const lines = (): LedgerLine[] => (existsSync(ledgerFile) ? readLedger(readFileSync(ledgerFile, 'utf8')) : [])

if (options.has('check')) await check(options.get('check')!)
else await fill(Number(options.get('hundreds') ?? 1))

async function play(from: number, tell: (result: Result) => void = () => {}): Promise<Result[]> {
  const results: Result[] = []
  const seeds = Array.from({ length: ledgerSeeds }, (_, i) => ({ kind: 'seed', seed: from + i, minutes: null }) as const)
  await playAll(seeds, workers, ({ seed }, result) => {
    results[seed - from] = result
    tell(result)
  })
  return results
}

async function fill(hundreds: number): Promise<void> {
  const commit = cleanCommit()
  if (commit === null) throw new Error('the tree has changes: a line of the ledger names the commit that played it, so commit them first')
  const claims = new Claims()
  for (let done = 0; done < hundreds; done++) {
    const from = take(claims)
    try {
      const results = await play(from, (result) => {
        if (result.violations.length > 0) console.log(keepFailing(result, commit).join('\n'))
      })
      if (cleanCommit() !== commit) throw new Error(`the tree is no longer ${commit}: seeds ${from}.. are not written down`)
      const line = lineText(lineFrom(commit, results))
      appendLine(ledgerFile, ledgerHead, line)
      console.log(line)
    } finally {
      claims.giveBack(from)
    }
  }
}

/** Whoever takes a hundred looks again whether it was finished meanwhile. */
function take(claims: Claims): number {
  for (const from of freeHundreds(lines(), (candidate) => !claims.take(candidate))) {
    if (!lines().some((line) => line.from === from)) return from
    claims.giveBack(from)
  }
  throw new Error('there are no more seeds')
}

async function check(range: string): Promise<void> {
  const [line] = lines().filter(({ from, to }) => `${from}..${to}` === range || String(from) === range)
  if (line === undefined) throw new Error(`the ledger has no line ${range}`)
  const commit = cleanCommit() ?? 'a changed tree'
  const found = differences(line, lineFrom(line.commit, await play(line.from)))
  console.log(
    `${line.from}..${line.to}, played by ${line.commit}, again by ${commit}: ${found.length === 0 ? 'the same' : found.join('; ')}`,
  )
  if (found.length > 0) process.exitCode = 1
}
