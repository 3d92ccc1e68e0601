// `npm run sim:soak [-- --from 1000000] [--workers 2]`: plays seeds for ever, from a random one unless told where, until it is interrupted.
// A seed that breaks a rule is told and kept in `failing-seeds.tsv` with the command that plays it again.

import { randomInt } from 'node:crypto'
import { playAll, workersOf } from './crew-main.ts'
import { cleanCommit, keepFailing } from './files-main.ts'
import { readOptions } from './options-main.ts'

const options = readOptions({
  'from N': 'the first seed (a random one unless told otherwise)',
  'seeds N': 'stop after so many (never unless told otherwise)',
  'workers N': 'so many processes',
})
/** Seeds have at most nine digits; the first million is the ledger's. */
const from = Number(options.get('from') ?? randomInt(1_000_000, 900_000_000))
const to = options.has('seeds') ? from + Number(options.get('seeds')) - 1 : 999_999_999
const commit = cleanCommit() ?? 'changed'
const began = performance.now()
let [played, failing, isOver] = [0, 0, false]

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => (isOver = true))

function* seeds() {
  for (let seed = from; seed <= to; seed++) yield { kind: 'seed', seed, minutes: null } as const
}

console.log(`seeds from ${from} on, by ${commit}; ^C ends it after the seeds that are being played`)
await playAll(
  seeds(),
  workersOf(options.get('workers')),
  (_, result) => {
    played += 1
    if (result.violations.length > 0) {
      failing += 1
      console.log(keepFailing(result, commit).join('\n'))
    }
    if (played % 100 === 0) console.log(summary())
  },
  () => isOver,
)
console.log(summary())
if (failing > 0) process.exitCode = 1

function summary(): string {
  return `${played} seeds, ${failing} break a rule; ${((performance.now() - began) / 1_000).toFixed(0)} s`
}
