// The agent's log: one JSON object a line (pino), or short lines for people where the output is a terminal. It goes to standard error,
// so that a command's own output stays clean. Secrets never get here: callers pass ids, codes and words.

import { type Logger, pino } from 'pino'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface Log {
  debug(data: object, message: string): void
  info(data: object, message: string): void
  warn(data: object, message: string): void
  error(data: object, message: string): void
}

export function createLog(options: { level: LogLevel | 'silent'; name: string; isTerminal: boolean }): Log {
  // Synchronous, so that the last words before an exit are not lost.
  const destination = options.isTerminal
    ? { write: (line: string) => void process.stderr.write(readable(line)) }
    : pino.destination({ fd: 2, sync: true })
  const logger: Logger = pino({ level: options.level, base: { node: options.name } }, destination)
  return logger
}

const levelNames: Readonly<Record<number, string>> = { 20: 'debug', 30: 'info', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' }

/** `09:41:07 info  text key=value …` */
function readable(line: string): string {
  const { level, time, msg, node, ...rest } = JSON.parse(line) as { level: number; time: number; msg: string; node: string } & Record<
    string,
    unknown
  >
  const data = Object.entries(rest).map(([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  const text = `${new Date(time).toTimeString().slice(0, 8)} ${(levelNames[level] ?? '').padEnd(5)} ${node}: ${msg}${data.join('')}`
  // Words of strangers and of programs are among them: they must not steer the terminal.
  return `${text.replaceAll('\n', '\n    ').replace(/[^\P{Cc}\n]+/gu, ' ')}\n`
}
