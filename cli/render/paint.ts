// Colours, or none: a painter that is switched off returns text as it is, so nothing else asks whether this is a terminal.
// Colour only repeats what the words say.

import { styleText } from 'node:util'

export interface Paint {
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
}

export function painter(on: boolean): Paint {
  const style = (format: 'green' | 'red' | 'yellow' | 'dim' | 'bold') => (text: string) =>
    on && text !== '' ? colored(format, text) : text
  return { good: style('green'), bold: style('bold'), bad: style('red'), warn: style('yellow'), dim: style('dim') }
}

function colored(format: Parameters<typeof styleText>[0], text: string): string {
  // The terminal was looked at already (`print.ts`); newer Node versions would look again, at the wrong stream.
  const style = styleText as (format: Parameters<typeof styleText>[0], text: string, options?: { validateStream: boolean }) => string
  return style(format, text, { validateStream: false })
}
