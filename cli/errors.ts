// An expected failure of a command: a code, words, and what to do about it. It ends the command; `run.ts` prints it on stderr
// (never with a stack trace) and turns it into the exit code.

import { type ExitCode, exitCodes } from './exit-codes.ts'

export class CliError extends Error {
  override readonly name = 'CliError'
  readonly code: string
  readonly hint: string | null
  readonly exitCode: ExitCode
  /** More lines for stderr, such as every fault of a job file. */
  readonly details: readonly string[]

  constructor(code: string, message: string, options: { hint?: string; exitCode?: ExitCode; details?: readonly string[] } = {}) {
    super(message)
    this.code = code
    this.hint = options.hint ?? null
    this.exitCode = options.exitCode ?? exitCodes.error
    this.details = options.details ?? []
  }
}

/** A key file that cannot be used; the words name it. */
export function keyFault(error: unknown, hint: string | null = null): CliError {
  return new CliError(codeOf(error) || 'E_KEY_FILE', wordsOf(error), hint === null ? {} : { hint })
}

/** Ended by a signal while it waited. */
export function interrupted(): CliError {
  return new CliError('E_INTERRUPTED', 'interrupted', { exitCode: exitCodes.interrupted })
}

/** The code of a system error (`ENOENT`), of a coded refusal, or ''. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
