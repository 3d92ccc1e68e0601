// From a status number, as shells and container engines report it, to a `TaskExit`: they say 128 + n for a process that signal
// n ended. A program that itself exits with such a number cannot be told apart; that is the convention's price.

import { constants } from 'node:os'
import type { TaskExit } from '../../core/ports.ts'

const signalBase = 128

const nameOfSignal = new Map<number, string>()
for (const [name, number] of Object.entries(constants.signals)) {
  // The first name of a number is the common one (SIGABRT before SIGIOT).
  if (!nameOfSignal.has(number)) nameOfSignal.set(number, name)
}

export const unknownExit: TaskExit = { exitCode: null, signal: null, outOfMemory: false }

export function exitOfStatus(status: number, outOfMemory = false): TaskExit {
  const signal = nameOfSignal.get(status - signalBase)
  return signal === undefined ? { exitCode: status, signal: null, outOfMemory } : { exitCode: null, signal, outOfMemory }
}

export function exitOfSignal(signal: string): TaskExit {
  return { exitCode: null, signal, outOfMemory: false }
}

export function isSignal(name: string): name is NodeJS.Signals {
  return Object.hasOwn(constants.signals, name)
}
