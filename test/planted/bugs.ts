// Bugs as they might really be made in this product, each a few words of one or two source files. The search must catch every one of
// them; `test/seeds.json` records by which seed. Those that sit in the world around the core are in `simulator/flaws.ts`.

import { type PlantedBug, bug } from './bug.ts'
import { coreBugs } from './bugs-core.ts'
import { schedulerBugs } from './bugs-scheduler.ts'

export const plantedBugs: readonly PlantedBug[] = [...schedulerBugs, ...coreBugs]

/** Planted as well, and not caught by the seeds that were tried so far: `npm run sim:planted` looks for them, no test does. */
export const unrecordedBugs: readonly PlantedBug[] = [
  bug(
    'version-ahead-stands',
    'A claim at a version whose changes have not arrived competes.',
    'scheduler/standing.ts',
    'else if (compareVersions(claim.version, input.version) > 0) ahead.push(claim)',
    'else if (compareVersions(claim.version, input.version) > 9) ahead.push(claim)',
  ),
  bug(
    'old-disk-starts-again',
    'A board with an old disk under running tasks starts what has ended since.',
    'node/core/boot.ts',
    'else if (isOldDisk && !step',
    'else if (isOldDisk && step.now < 0 && !step',
  ),
  bug(
    'ports-of-the-next-form',
    'A copy that runs without ports is taken to hold those of the form in force.',
    'scheduler/usage.ts',
    "named.length > 0 || claim.state === 'running' ?",
    'named.length > 0 ?',
  ),
  bug(
    'sequence-begins-anew',
    'After a boot a board does not go on from its highest link state.',
    'node/core/liveness/table.ts',
    "if (state.author === s.self) return { kind: 'own', state }",
    "if (state.author === s.self) return { kind: 'known' }",
  ),
  bug(
    'orphans-left',
    'Tasks without a claim are left running.',
    'node/core/orphans.ts',
    "step.out.push({ kind: 'stop', task: task.id, driver: task.driver, signal: 'SIGTERM', timeoutMs: 5_000 })",
    '',
  ),
  bug(
    'heir-out-of-sight',
    'A copy stops for one on a board that is not alive here.',
    'scheduler/actions.ts',
    "if (view.nodes.get(heir.node)?.liveness !== 'alive') return null",
    '',
  ),
  bug(
    'both-give-way',
    'Two claims made without knowing of one another each give way to the other before either runs.',
    'scheduler/actions.ts',
    "node !== own.node && state === 'running' && generation",
    'node !== own.node && generation',
  ),
  bug(
    'over-of-one',
    'The heir names one rival only.',
    'scheduler/actions.ts',
    'over: new Map(rivals.map(',
    'over: new Map(rivals.slice(0, 1).map(',
  ),
  bug(
    'marks-the-original',
    'A copy that was silent marks as lost those that were replaced after it.',
    'scheduler/actions.ts',
    'claim.generation < own.generation && !isLost',
    '!isLost',
  ),
  bug(
    'ended-taken-up',
    'A board takes up again what it had ended itself.',
    'node/core/orphans.ts',
    'body === null || isPast(state, task) ||',
    'body === null || (isPast(state, task) && step.now < 0) ||',
  ),
  bug(
    'records-lost-unasked',
    'A board does not ask its peers for what its disk has lost.',
    'node/core/documents.ts',
    'if (doc.envelopes.some((ref) => state.lacking.has(ref.hash))) return removeDigest',
    'if (state.lacking.size > 1_000_000) return removeDigest',
  ),
]
