// Expected failures are values (`Result`), bugs are assertions. A failed assertion means that shoal itself is wrong: it stops
// the agent, never the tasks. Bad input never gets that far: it is refused with a code.

/** A value, or a coded refusal. `code` is stable and documented; `message` is for people; `data` helps to find the fault. */
export type Result<T, Code extends string = string> = Ok<T> | Refusal<Code>

export interface Ok<T> {
  readonly ok: true
  readonly value: T
}

export interface Refusal<Code extends string = string> {
  readonly ok: false
  readonly code: Code
  readonly message: string
}

export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

export function refuse<Code extends string>(code: Code, message: string): Refusal<Code> {
  return { ok: false, code, message }
}

/** A bug in shoal: an invariant that the code relies on does not hold. */
export class AssertionError extends Error {
  static readonly code = 'E_ASSERTION'
  readonly code = AssertionError.code
  override readonly name = 'AssertionError'
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message)
}

/** Ends an exhaustive switch: the compiler complains when a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected case: ${JSON.stringify(value)}`)
}
