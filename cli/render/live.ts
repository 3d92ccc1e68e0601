// A block of text that changes in place on a terminal. Each redraw is one write (cursor up, lines, clear the rest), so nothing
// flickers; lines are cut to the terminal's width, because a wrapped line would make the cursor count wrong.

import { stripVTControlCharacters } from 'node:util'
import type { Out } from '../io.ts'

export class LiveBlock {
  readonly #out: Out
  #height = 0
  #last = ''

  constructor(out: Out) {
    this.#out = out
  }

  draw(text: string): void {
    if (text === this.#last) return
    this.#last = text
    const lines = text
      .replace(/\n$/, '')
      .split('\n')
      .map((line) => cut(line, this.#out.columns))
    const up = this.#height > 0 ? `\u001b[${this.#height}A` : ''
    this.#out.write(`${up}${lines.map((line) => `${line}\u001b[K\n`).join('')}\u001b[J`)
    this.#height = lines.length
  }
}

// oxlint-disable-next-line no-control-regex -- escape sequences begin with one
const colorCode = /(\u001b\[[0-9;]*m)/

/** Cuts by visible characters; a cut line ends with a reset, in case a colour was open. */
function cut(line: string, columns: number): string {
  if (columns <= 0 || stripVTControlCharacters(line).length <= columns) return line
  let shown = 0
  let text = ''
  for (const part of line.split(colorCode)) {
    if (part.startsWith('\u001b[')) text += part
    else {
      text += part.slice(0, Math.max(0, columns - shown))
      shown += part.length
    }
  }
  return text.includes('\u001b[') ? `${text}\u001b[0m` : text
}
