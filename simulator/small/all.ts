// Every small world of so many boards: each cut, at each step of a claim's life, for either side that may replace.

import { connectivityGraphs, oneWayCuts } from './graphs.ts'
import { type SmallWorld, lifeSteps } from './play.ts'

export function allSmallWorlds(nodes: number): SmallWorld[] {
  return [...connectivityGraphs(nodes), ...oneWayCuts(nodes)].flatMap((cut) =>
    lifeSteps.flatMap((step) => (['half', 'any'] as const).map((partition) => ({ nodes, step, cut, partition }))),
  )
}
