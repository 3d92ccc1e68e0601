// Reads /proc: who a process is (number and start time, since numbers are given out again), and which processes belong together.
// Reads only; every answer may be out of date by the time it is used, so callers ask again right before they act.

import { readFileSync, readdirSync } from 'node:fs'

export interface Process {
  readonly pid: number
  /** One letter; Z and X are dead and only wait for their parent. */
  readonly state: string
  readonly group: number
  readonly session: number
  /** Clock ticks from the board's boot to the process's start. With the boot id it names a process for ever. */
  readonly startTicks: string
}

export function isDead(found: Process): boolean {
  return found.state === 'Z' || found.state === 'X'
}

/** `/proc/<pid>/stat`. The name in brackets may itself hold brackets and spaces: the fields begin after the last one. */
export function parseStat(text: string): Process | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const pid = Number.parseInt(text, 10)
  const [state, , group, session] = fields
  const startTicks = fields[19]
  if (!Number.isSafeInteger(pid) || state === undefined || startTicks === undefined) return undefined
  return { pid, state, group: Number(group), session: Number(session), startTicks }
}

export function processOf(pid: number): Process | undefined {
  const text = readProc(`${pid}/stat`)
  return text === undefined ? undefined : parseStat(text)
}

export function allProcesses(): Process[] {
  const found: Process[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    const one = processOf(Number(name))
    if (one !== undefined) found.push(one)
  }
  return found
}

/** Whether the process was started with this `NAME=value`; false when it may not be asked. */
export function wasStartedWith(pid: number, entry: string): boolean {
  const environment = readProc(`${pid}/environ`)
  return environment !== undefined && `\0${environment}`.includes(`\0${entry}\0`)
}

let knownBootId: string | undefined

/** Random per boot of the kernel. Empty where the kernel does not tell: then nothing is ever recognised, and nothing killed. */
export function bootId(): string {
  knownBootId ??= (readProc('sys/kernel/random/boot_id') ?? '').trim()
  return knownBootId
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1')
  } catch {
    return undefined
  }
}
