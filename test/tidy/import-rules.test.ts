// The import rules: one violation of each is planted and must be found under its own name. A rule without a plant fails, and so
// does a checker that did not read every source.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { plant, root, say } from './plant.ts'

const { default: config } = (await import(join(root, '.dependency-cruiser.mjs'))) as { default: { forbidden: readonly { name: string }[] } }
const checker = join(root, 'scripts/check-deps.mjs')
const uses = (...paths: readonly string[]): string =>
  paths.map((path, index) => `import * as a${index} from '${path}'\nexport const b${index} = a${index}\n`).join('')

/** Rule → the file that breaks it. */
const plants: Readonly<Record<string, readonly [path: string, text: string]>> = {
  'no-circular': ['crdt/egg.ts', uses('./hen.ts')],
  'pure-no-node': ['scheduler/clock.ts', uses('node:os')],
  'automerge-only-in-replica': ['crdt/gate.ts', uses('@automerge/automerge')],
  'patterns-only-in-pattern': ['scheduler/patterns.ts', uses('re2js')],
  'crons-only-in-cron': ['scheduler/due-times.ts', uses('croner')],
  'crdt-alone': ['crdt/parse.ts', uses('yaml')],
  'scheduler-sees-the-view': ['scheduler/documents.ts', uses('../crdt/replica.ts')],
  'core-imports': ['node/core/network.ts', uses('../adapters/clock.ts')],
  'adapters-apart': ['node/adapters/docker/network.ts', uses('../libp2p/network.ts')],
  'exec-is-raw-exec-in-a-cage': ['node/adapters/exec/network.ts', uses('../libp2p/network.ts')],
  'adapters-flat-apart': ['node/adapters/http.ts', uses('./libp2p/network.ts')],
  'adapters-see-ports': ['node/adapters/planner.ts', uses('../../scheduler/plan.ts')],
  'node-outside-cli': ['node/prints.ts', uses('../cli/main.ts')],
  'cli-outside-node': ['cli/loop.ts', uses('../node/loop.ts')],
  'simulator-no-adapters': ['simulator/real-clock.ts', uses('../node/adapters/clock.ts')],
  'simulator-no-io': ['simulator/reads.ts', uses('node:fs')],
  'nothing-imports-test': ['cli/sample.ts', uses('../test/sample.ts')],
  'no-dev-dependencies': ['node/laws.ts', uses('fast-check')],
  'no-undeclared-types': ['node/types.ts', "import type { CID } from 'multiformats/cid'\nexport type Id = CID\n"],
  'no-unresolvable': ['bench/gone.ts', uses('./nowhere.ts')],
}
/** What the plants refer to; blameless itself. */
const ground: Readonly<Record<string, string>> = {
  'crdt/hen.ts': uses('./egg.ts'),
  'crdt/replica.ts': uses('@automerge/automerge'),
  'crdt/ids.ts': 'export const id = 1\n',
  'scheduler/plan.ts': uses('../crdt/ids.ts'),
  'node/loop.ts': uses('./core/step.ts', './adapters/clock.ts'),
  'node/core/step.ts': uses('../../scheduler/plan.ts', '../../crdt/replica.ts'),
  'node/adapters/clock.ts': uses('node:timers'),
  'node/adapters/libp2p/network.ts': uses('libp2p', '../../../crdt/ids.ts'),
  'cli/main.ts': uses('commander', '../crdt/replica.ts'),
  'test/sample.ts': uses('../simulator/world.ts', 'fast-check'),
  'simulator/world.ts': uses('../node/core/step.ts'),
  'bench/main.ts': uses('../cli/main.ts'),
}

test('each import rule finds what breaks it, and nothing else', (t) => {
  assert.deepEqual(Object.keys(plants).sort(), config.forbidden.map(({ name }) => name).sort(), 'every rule has a plant')
  const folder = plant(t, { ...ground, ...Object.fromEntries(Object.values(plants)) })
  const { status, text } = say(folder, checker)
  assert.equal(status, 1)
  for (const [rule, [path]] of Object.entries(plants))
    assert.match(text, new RegExp(`^${rule}: ${path} → `, 'm'), `${rule} was not found:\n${text}`)
  const planted = new Set([...Object.values(plants).map(([path]) => path), 'crdt/hen.ts'])
  for (const [, path = ''] of text.matchAll(/^[a-z-]+: (\S+) → /gm)) assert.ok(planted.has(path), `${path} breaks no rule:\n${text}`)
})

test('sources that the checker cannot read are a fault', (t) => {
  const folder = plant(t, ground)
  const { status, text } = say(folder, checker, '--pretend-source=crdt/unread.ts')
  assert.equal(status, 1)
  assert.match(text, /did not read 1 of \d+ sources: crdt\/unread\.ts/)
})
