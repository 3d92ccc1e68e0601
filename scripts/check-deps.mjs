// Checks the import rules, and that the checker really read the sources: with a TypeScript that it does not know, it reads none
// of them, finds no violation and passes. Works on the current folder, so that a test can point it at a tree that breaks the rules.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cruise } from 'dependency-cruiser'
import config from '../.dependency-cruiser.mjs'

const folders = ['crdt', 'scheduler', 'node', 'cli', 'simulator', 'test', 'bench']
const isSource = (path) => path.endsWith('.ts') && !path.endsWith('.d.ts')
const sources = folders.flatMap((folder) => readdirSync(folder, { recursive: true }).map((path) => join(folder, path))).filter(isSource)
// For the test of this check: a source that is said to exist and that nobody can read.
const pretended = process.argv.filter((argument) => argument.startsWith('--pretend-source=')).map((argument) => argument.split('=')[1])

const { output } = await cruise(folders, { ruleSet: { forbidden: config.forbidden }, validate: true, ...config.options })
const read = new Set(output.modules.filter((module) => !module.coreModule).map((module) => module.source))
const expected = [...sources, ...pretended]
const unread = expected.filter((file) => !read.has(file))
for (const { from, to, rule } of output.summary.violations) {
  const comment = config.forbidden.find((entry) => entry.name === rule.name)?.comment ?? ''
  console.error(`${rule.name}: ${from} → ${to}\n  ${comment}`)
}
if (unread.length > 0)
  console.error(`the checker did not read ${unread.length} of ${expected.length} sources: ${unread.slice(0, 5).join(', ')}`)
console.log(`import rules: ${read.size} modules read, ${sources.length} sources, ${output.summary.error} violations`)
process.exit(output.summary.error > 0 || unread.length > 0 ? 1 : 0)
