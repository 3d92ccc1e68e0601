// A question that only a person may answer, on a terminal.

import { createInterface } from 'node:readline'
import type { Io } from './io.ts'

/** Whether `yes` was typed; null: there is nobody to ask. */
export async function confirmed(io: Pick<Io, 'stdout' | 'stdin'>, question: string): Promise<boolean | null> {
  if (!io.stdout.isTty) return null
  io.stdout.write(`${question} Type yes: `)
  const lines = createInterface({ input: io.stdin() })
  try {
    for await (const line of lines) return line.trim().toLowerCase() === 'yes'
    return false
  } finally {
    lines.close()
  }
}
