// `npm run sim:worlds -- --nodes 3,4 [--step running] [--partition half]`: every connectivity of so few boards and every one-way cut of
// one board, at every step of a claim's life. Prints what is wrong, and how many worlds were played.

import { connectivityGraphs, oneWayCuts } from './small/graphs.ts'
import { type LifeStep, lifeSteps, playSmallWorld } from './small/play.ts'

const options = new Map<string, string>()
for (let i = 2; i < process.argv.length; i += 2) options.set(process.argv[i]!, process.argv[i + 1] ?? '')
const steps = (options.get('--step')?.split(',') as LifeStep[] | undefined) ?? lifeSteps
const partitions = (options.get('--partition')?.split(',') as ('half' | 'any')[] | undefined) ?? ['half', 'any']

let [played, failed] = [0, 0]
const began = performance.now()
for (const nodes of (options.get('--nodes') ?? '3').split(',').map(Number)) {
  for (const cut of [...connectivityGraphs(nodes), ...oneWayCuts(nodes)]) {
    if (options.has('--cut') && options.get('--cut') !== cut.name) continue
    for (const step of steps) {
      for (const partition of partitions) {
        played += 1
        const wrong = playSmallWorld({ nodes, step, cut, partition })
        if (wrong.length === 0) continue
        failed += 1
        console.log(`npm run sim:worlds -- --nodes ${nodes} --step ${step} --partition ${partition} --cut '${cut.name}'`)
        for (const what of wrong.slice(0, 4)) console.log(`  ${what}`)
      }
    }
  }
}
console.log(`${failed} of ${played} small worlds are wrong; ${((performance.now() - began) / 1_000).toFixed(1)} s`)
if (failed > 0) process.exitCode = 1
