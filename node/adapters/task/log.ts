// What a driver needs of a logger; pino fits.

export interface DriverLog {
  debug(data: object, message: string): void
  info(data: object, message: string): void
  warn(data: object, message: string): void
}

export const silentLog: DriverLog = { debug: () => undefined, info: () => undefined, warn: () => undefined }
