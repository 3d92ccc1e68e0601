// `npm run bench -- NAME [--json] [options]`: runs one bench and prints its result; with --json the last line is one JSON object.
// Times in ms, sizes in bytes unless the name says otherwise. Benches measure; they never judge.

import { parseArgs } from 'node:util'

export interface BenchOptions {
  /** Repetitions where a bench repeats; its own default when absent. */
  readonly runs: number | null
  /** Shorter shapes, for a first look. */
  readonly quick: boolean
  /** Real boards where a bench lets choose; its own default when absent. */
  readonly boards: number | null
}

const benches: Readonly<Record<string, () => Promise<{ run(options: BenchOptions): Promise<object> }>>> = {
  placement: () => import('./placement.ts'),
  fuzz: () => import('./fuzz.ts'),
  admission: () => import('./admission.ts'),
  submit: () => import('./submit.ts'),
  doctor: () => import('./doctor.ts'),
  failover: () => import('./failover.ts'),
  heal: () => import('./heal.ts'),
  idle: () => import('./idle.ts'),
  footprint: () => import('./footprint.ts'),
  join: () => import('./join.ts'),
  onboard: () => import('./onboard.ts'),
  sim: () => import('./sim.ts'),
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    runs: { type: 'string' },
    boards: { type: 'string' },
  },
})
const name = positionals[0] ?? ''
const load = benches[name]
if (load === undefined) {
  console.error(`bench '${name}': choose one of ${Object.keys(benches).join(', ')}`)
  process.exit(2)
}
const options = { runs: numberOf('runs'), boards: numberOf('boards'), quick: values.quick }
const { run } = await load()
const result = await run(options)
if (values.json) console.log(JSON.stringify({ bench: name, node: process.version, ...result }))
else console.log(JSON.stringify(result, null, 2))
process.exit(0)

function numberOf(option: 'runs' | 'boards'): number | null {
  const text = values[option]
  if (text === undefined) return null
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  console.error(`--${option} takes a whole number above 0`)
  process.exit(2)
}
