// Bugs as they might really be made in this product, each a few words of one or two source files. The search must catch every one of
// them; `test/seeds.json` records by which seed. Those that sit in the world around the core are in `simulator/flaws.ts`.

import type { PlantedBug } from './bug.ts'
import { coreBugs } from './bugs-core.ts'
import { schedulerBugs } from './bugs-scheduler.ts'

export const plantedBugs: readonly PlantedBug[] = [...schedulerBugs, ...coreBugs]
