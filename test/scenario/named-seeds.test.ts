// Every plan that once broke a rule because of a bug, kept as it was drawn or as it was reduced: it must never break one again.
// `npm run sim -- --seed 7 --shrink --keep NAME --story '…'` adds one.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'
import type { ChaosPlan } from '../../simulator/chaos/plan.ts'
import { runChaos } from '../../simulator/chaos/run.ts'

const folder = new URL('../named-seeds/', import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

test('there are named seeds', () => assert.ok(files.length > 0))

for (const file of files) {
  const { story, plan } = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as { readonly story: string; readonly plan: ChaosPlan }
  test(`${file.replace('.json', '')}: ${story}`, () => {
    const { violations } = runChaos(plan)
    assert.deepEqual(violations, [])
  })
}
