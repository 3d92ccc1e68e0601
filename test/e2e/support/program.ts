// The program under test: a private copy of the built bundle, so that a build that runs meanwhile does not pull it away from under
// running agents. SHOAL_TEST_DIST names another folder that holds one, such as an unpacked release.

import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { undoAtExit } from './cleanup.ts'

const source = resolve(process.env['SHOAL_TEST_DIST'] ?? 'dist')

// A build in progress removes the folder first; it takes a few seconds.
const buildMsMax = 60_000

export const programFolder = copyProgram()
/** The launcher that boards use; it sets the memory limits of Node. */
export const program = join(programFolder, 'shoal')

function copyProgram(): string {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-program-'))
  undoAtExit(() => rmSync(folder, { recursive: true, force: true }))
  for (const deadline = Date.now() + buildMsMax; ; Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)) {
    try {
      cpSync(source, folder, { recursive: true })
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`no built program in ${source}: npm run build`, { cause: error })
      continue
    }
    const { status, stderr } = spawnSync(join(folder, 'shoal'), ['version'], { encoding: 'utf8' })
    if (status === 0) return folder
    if (Date.now() > deadline) throw new Error(`the built program in ${source} does not run: ${stderr}`)
  }
}
