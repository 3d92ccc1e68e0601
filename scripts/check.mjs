// Everything that can be said about the sources without running them, one check after the other; all of them run, whatever the
// first ones say, so that one look shows every fault. `node scripts/check.mjs lint deps` runs only those.
import { spawnSync } from 'node:child_process'

const all = ['types', 'lint', 'format:check', 'deps', 'unused', 'tidy']
const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !all.includes(name))
if (unknown.length > 0) {
  console.error(`no check called ${unknown.join(', ')}: choose from ${all.join(', ')}`)
  process.exit(2)
}
const results = all
  .filter((name) => wanted.length === 0 || wanted.includes(name))
  .map((name) => {
    console.log(`\n== ${name}`)
    const started = performance.now()
    const { status } = spawnSync('npm', ['run', '--silent', name], { stdio: 'inherit' })
    return { name, isGood: status === 0, seconds: ((performance.now() - started) / 1000).toFixed(1) }
  })
console.log('\n== summary')
for (const { name, isGood, seconds } of results) console.log(`${isGood ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${seconds} s`)
process.exit(results.every(({ isGood }) => isGood) ? 0 : 1)
