// One thing's properties, a line each; a value of several lines is indented under its first.

import { safe } from './words.ts'

export function fields(entries: readonly (readonly [string, string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length)) + 2
  return entries
    .map(([name, value]) => {
      const lines = value.split('\n').map(safe)
      return `${name.padEnd(width)}${lines.join(`\n${' '.repeat(width)}`)}\n`
    })
    .join('')
}
