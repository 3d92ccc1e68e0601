// `npm run sim:planted:check -- [--workers 2]`: the search can bite. Each planted bug and each flaw of the harness is caught by the seed that
// `test/seeds.json` records for it, by the very rule. `npm run sim:planted -- --record` looks for seeds anew when plans are drawn differently.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { workersOf } from '../../simulator/crew-main.ts'
import { readOptions } from '../../simulator/options-main.ts'
import { recorded } from './seeds.ts'

const options = readOptions({ 'workers N': 'so many processes; as many as there are cores unless told otherwise' })
const search = fileURLToPath(new URL('search-main.ts', import.meta.url))
const seeds = Object.entries(recorded())
const workers = workersOf(options.get('workers'))
const said = await Promise.all(
  Array.from({ length: workers }, async (_, worker) => await play(seeds.filter((__, at) => at % workers === worker))),
)
const lines = new Set(said.flat())
const missed = seeds.filter(([name, { seed, rule }]) => !lines.has(`${name}: seed ${seed} still, ${rule}`))
for (const [name, { seed, rule }] of missed) console.log(`${name} is not caught by seed ${seed}, by the rule ${rule}`)
console.log(`${seeds.length - missed.length} of ${seeds.length} planted bugs are caught by their recorded seeds`)
if (missed.length > 0) process.exitCode = 1

/** What a search says that plays these and seeks no other seed. It fails when one is not caught, and says so like any other. */
async function play(some: typeof seeds): Promise<readonly string[]> {
  const args = [search, '--keep', '--bug', some.map(([name]) => name).join(','), '--seeds', '1..0']
  return await new Promise((resolve) => {
    const child = execFile(process.execPath, [...process.execArgv, ...args], (_, stdout) => resolve(stdout.split('\n')))
    child.stdout!.pipe(process.stdout)
    child.stderr!.pipe(process.stderr)
  })
}
