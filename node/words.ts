// An error in words, for logs and outcomes.

export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
