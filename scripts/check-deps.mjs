// Checks the import rules, and that the checker really read the sources: with a TypeScript that it does not know, it reads none
// of them, finds no violation and passes.
import { execFileSync } from 'node:child_process'
import { cruise } from 'dependency-cruiser'
import config from '../.dependency-cruiser.mjs'

const folders = ['crdt', 'scheduler', 'node', 'cli', 'simulator', 'test', 'bench']
const sources = execFileSync('find', [...folders, '-name', '*.ts', '-not', '-name', '*.d.ts'], { encoding: 'utf8' }).trim().split('\n')
const { output } = await cruise(folders, { ruleSet: { forbidden: config.forbidden }, validate: true, ...config.options })
const read = new Set(output.modules.filter((module) => !module.coreModule).map((module) => module.source))
const unread = sources.filter((file) => !read.has(file))
for (const { from, to, rule } of output.summary.violations) {
  const comment = config.forbidden.find((entry) => entry.name === rule.name)?.comment ?? ''
  console.error(`${rule.name}: ${from} → ${to}\n  ${comment}`)
}
if (unread.length > 0) console.error(`the checker did not read ${unread.length} of ${sources.length} sources: ${unread.slice(0, 5).join(', ')}`)
const errors = output.summary.error + (unread.length > 0 ? 1 : 0)
console.log(`import rules: ${read.size} modules read, ${sources.length} sources, ${output.summary.error} violations`)
process.exit(errors > 0 ? 1 : 0)
