// What the ledger and the soak keep in files: appended a line at a time, so that several of them may write and any may be interrupted.

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { violationLines } from './chaos/search.ts'
import type { SeedResult } from './chaos/search.ts'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const ledgerFile = join(root, 'simulator/ledger.tsv')
/** Every seed that ever broke a rule here, with the command that plays it again. */
export const failingFile = join(root, 'simulator/failing-seeds.tsv')

/** What these commands write themselves does not make the tree another. */
const own = ['simulator/ledger.tsv', 'simulator/failing-seeds.tsv']

/** The commit that the tree is at; null if anything else is there. */
export function cleanCommit(): string | null {
  const changed = git('status', '--porcelain')
    .split('\n')
    .filter((line) => line !== '' && !own.includes(line.slice(3)))
  return changed.length > 0 ? null : git('rev-parse', '--short=12', 'HEAD').trim()
}

function git(...words: readonly string[]): string {
  return execFileSync('git', words, { cwd: root, encoding: 'utf8' })
}

/** One write at the end of the file: lines of several processes stand one after another, whole. */
export function appendLine(file: string, head: string, line: string): void {
  try {
    writeFileSync(file, `${head}\n`, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  // Somebody was interrupted in the middle of a line: it stays one of its own, and whoever reads it says so.
  const isTorn = !readFileSync(file, 'utf8').endsWith('\n')
  appendFileSync(file, `${isTorn ? '\n' : ''}${line}\n`)
}

export function keepFailing(result: SeedResult, commit: string): string[] {
  const replay = `npm run sim -- --seed ${result.seed} --verbose`
  const [first] = result.violations
  const words = first === undefined ? '' : `${first.rule}: ${first.what}`.replaceAll(/\s+/g, ' ').slice(0, 300)
  appendLine(failingFile, '# seed\tcommit\treplay\twhat', [result.seed, commit, replay, words].join('\t'))
  return violationLines(result, replay)
}

/** Which hundreds are being played on this machine: a file each, with the number of the process that plays it. */
export class Claims {
  readonly #folder = join(tmpdir(), `shoal-ledger-${createHash('sha256').update(ledgerFile).digest('hex').slice(0, 16)}`)

  constructor() {
    mkdirSync(this.#folder, { recursive: true })
  }

  /** False if a living process has it. */
  take(from: number): boolean {
    const file = join(this.#folder, String(from))
    for (let tries = 0; tries < 2; tries++) {
      try {
        const handle = openSync(file, 'wx')
        writeFileSync(handle, String(process.pid))
        closeSync(handle)
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
        if (isAlive(file)) return false
        rmSync(file, { force: true })
      }
    }
    return false
  }

  giveBack(from: number): void {
    rmSync(join(this.#folder, String(from)), { force: true })
  }
}

function isAlive(file: string): boolean {
  if (!existsSync(file)) return false
  // Just made and not written yet: its maker lives.
  const pid = Number(readFileSync(file, 'utf8'))
  if (pid === 0) return true
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
