// `npm run sim:worlds -- --nodes 3,4 [--step running] [--partition half] [--workers 2]`: every connectivity of so few boards and every
// one-way cut of one board, at every step of a claim's life. Prints what is wrong, and how many worlds were played.

import { playAll, workersOf } from './crew-main.ts'
import { readOptions } from './options-main.ts'
import { allSmallWorlds } from './small/all.ts'
import type { LifeStep } from './small/play.ts'

const options = readOptions({
  'nodes LIST': 'numbers of boards, such as 3,4 (3 unless told otherwise)',
  'step LIST': "steps of a claim's life only, such as running",
  'partition NAME': 'only jobs with this partition, such as half',
  'cut NAME': 'one connectivity only',
  'workers N': 'so many processes',
})
const listed = (name: string): string[] | undefined => options.get(name)?.split(',')
const worlds = (listed('nodes') ?? ['3'])
  .flatMap((nodes) => allSmallWorlds(Number(nodes)))
  .filter(
    ({ step, partition, cut }) =>
      (listed('step')?.includes(step satisfies LifeStep) ?? true) &&
      (listed('partition')?.includes(partition) ?? true) &&
      (options.get('cut') ?? cut.name) === cut.name,
  )

let failed = 0
const began = performance.now()
await playAll(
  worlds.map((world) => ({ kind: 'world', world }) as const),
  Math.min(workersOf(options.get('workers')), Math.max(1, worlds.length)),
  ({ world: { nodes, step, partition, cut } }, wrong) => {
    if (wrong.length === 0) return
    failed += 1
    console.log(`npm run sim:worlds -- --nodes ${nodes} --step ${step} --partition ${partition} --cut '${cut.name}'`)
    for (const what of wrong.slice(0, 4)) console.log(`  ${what}`)
  },
)
console.log(`${failed} of ${worlds.length} small worlds are wrong; ${((performance.now() - began) / 1_000).toFixed(1)} s`)
if (failed > 0 || worlds.length === 0) process.exitCode = 1
