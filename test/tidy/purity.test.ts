// The pure folders are pure: one violation of each sort is planted and must be found, in each of the three folders, by the linter
// and, where it concerns a name, by the compiler as well. A rule that silently stopped working fails here.

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { plant, root, say } from './plant.ts'

const pureFolders = ['crdt', 'scheduler', 'node/core']
const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
const tsc = join(root, 'node_modules/typescript/bin/tsc')

/** One line of code each; the first words name it in a failure. */
const violations: Readonly<Record<string, string>> = {
  clock: 'export const now = Date.now()',
  'clock behind another name': 'export const now = new globalThis.Date()',
  chance: 'export const chance = Math.random()',
  'key material': 'export const id = crypto.randomUUID()',
  'a timer': 'setTimeout(() => {}, 1)',
  'the process': 'export const path = process.env',
  'the network': "export const answer = await fetch('http://localhost')",
  'a module of Node': "import { readFileSync } from 'node:fs'\nexport const read = readFileSync",
  'a locale': "export const order = 'a'.localeCompare('b')",
  'rounding that differs between machines': 'export const e = Math.exp(1)',
  'an order that is not named': 'export const sorted = (list: number[]): number[] => list.sort()',
}
/** These are plain JavaScript: the compiler knows them in the pure folders too. */
const linterOnly = new Set([
  'clock',
  'clock behind another name',
  'chance',
  'a locale',
  'rounding that differs between machines',
  'an order that is not named',
])

const named = Object.entries(violations).flatMap(([name, code]) =>
  pureFolders.map((folder) => ({ name, path: `${folder}/${name.replaceAll(' ', '-')}.ts`, code })),
)

test('the linter finds every planted violation in every pure folder', (t) => {
  const folder = plant(t, Object.fromEntries(named.map(({ path, code }) => [path, `${code}\n`])))
  const { status, text } = say(folder, oxlint, '--format=unix')
  assert.equal(status, 1, text)
  for (const { path, name } of named) assert.match(text, new RegExp(`^${path}:`, 'm'), `${name} in ${path} was not found:\n${text}`)
})

test('the compiler finds those that need Node or the DOM', (t) => {
  const files = named.filter(({ name }) => !linterOnly.has(name))
  const folder = plant(t, Object.fromEntries(files.map(({ path, code }) => [path, `${code}\n`])))
  const { status, text } = say(folder, tsc, '-p', 'tsconfig.pure.json')
  assert.notEqual(status, 0)
  for (const { path, name } of files) assert.ok(text.includes(`${path}(`), `${name} in ${path} was not found:\n${text}`)
})

test('the linter finds a promise that nobody waits for, and a default export', (t) => {
  const folder = plant(t, {
    'node/forgets.ts': 'const work = async (): Promise<void> => {}\nexport function run(): void {\n  work()\n}\n',
    'cli/default.ts': 'export default 1\n',
    'node/clean.ts': 'export const now = (): number => Date.now()\n',
  })
  const { text } = say(folder, oxlint, '--format=unix')
  assert.match(text, /^node\/forgets\.ts:.*no-floating-promises/m)
  assert.match(text, /^cli\/default\.ts:.*no-default-export/m)
  assert.doesNotMatch(text, /^node\/clean\.ts:/m)
})
