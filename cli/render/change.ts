// One change of a document for people: who, when, what.

import type { ChangeRow } from '../../crdt/api-jobs.ts'
import type { Paint } from './paint.ts'
import { safe, shortId, time } from './words.ts'

export function changeText(change: ChangeRow, names: ReadonlyMap<string, string>, paint: Paint, said = ''): string {
  const who = safe(names.get(change.author) ?? shortId(change.author))
  const head = `${paint.bold(change.version)}  ${time(change.time * 1000)}  ${who}${said}`
  return `${head}\n${change.changes.map((line) => `    ${safe(line)}`).join('\n')}\n`
}
