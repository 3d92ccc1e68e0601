// Whether this board can run plain processes at all: it needs Linux with /proc, a shell, and a folder that takes files.

import { accessSync, constants, existsSync, mkdirSync } from 'node:fs'
import type { Fingerprint } from '../../core/ports.ts'
import { bootId } from './proc.ts'
import { shell } from './supervisor.ts'

export function fingerprintRawExec(home: string): Fingerprint {
  const reason = whatIsMissing(home)
  const attributes: Record<string, string> = reason === '' ? { 'driver.raw_exec': '1' } : {}
  return { health: { healthy: reason === '', reason }, attributes, images: [] }
}

function whatIsMissing(home: string): string {
  if (process.platform !== 'linux') return `raw_exec needs Linux, this is ${process.platform}`
  if (bootId() === '') return 'raw_exec needs /proc, which is not mounted here'
  if (!existsSync(shell)) return `raw_exec needs ${shell}, which does not exist here`
  try {
    mkdirSync(home, { recursive: true, mode: 0o711 })
    accessSync(home, constants.W_OK)
    return ''
  } catch (error) {
    return `raw_exec cannot write to '${home}': ${(error as Error).message}`
  }
}
