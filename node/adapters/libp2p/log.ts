// What the network needs of a logger; pino fits.

export interface NetworkLog {
  debug(data: object, message: string): void
  info(data: object, message: string): void
  warn(data: object, message: string): void
}

export const silentLog: NetworkLog = { debug: () => undefined, info: () => undefined, warn: () => undefined }

export function wordsOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return error.errors.map(wordsOf).join('; ')
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}
