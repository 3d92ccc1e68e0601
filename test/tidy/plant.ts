// A small tree of its own in a temporary folder, with the project's configuration files and packages: where rules are broken on
// purpose, to see that the checks find it. The real sources are never touched.

import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

export const root = join(import.meta.dirname, '../..')

/** Makes the tree and returns its folder; it goes away with the test. */
export function plant(t: TestContext, files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-plant-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.pure.json', '.oxlintrc.json'])
    copyFileSync(join(root, name), join(folder, name))
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  return folder
}

/** What a program of node_modules/.bin (or, with a path, a script) says about that tree. */
export function say(folder: string, script: string, ...args: readonly string[]): { status: number | null; text: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], { cwd: folder, encoding: 'utf8' })
  return { status, text: `${stdout}${stderr}` }
}
