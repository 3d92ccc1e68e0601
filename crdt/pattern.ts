// Patterns of `regexp` constraints: RE2's syntax and its linear time, so that no pattern can make a board search for ever. The same
// answer on every node: whether a pattern can be read is part of whether a specification is valid. The only file that knows the library.

import { RE2JS } from 're2js'

export type Pattern =
  /** Found anywhere in the text, unless the pattern says `^` and `$`. */
  { readonly ok: true; readonly isFoundIn: (text: string) => boolean } | { readonly ok: false; readonly allowed: string }

export const patternLimits = {
  /** Longer than any pattern that people write for the attributes of a board. */
  textMax: 256,
  /** Instructions, once counted repetitions are written out: every character of a value (1,024 at most) may cost so many steps. */
  sizeMax: 500,
} as const

const sizeRule = `a pattern that is not so large: a{50} counts 50 times, ${patternLimits.sizeMax} in all`

/** Words behind the fault are in the library's language; what cannot be read meets nothing. */
export function readPattern(text: string): Pattern {
  if (text.length > patternLimits.textMax) return { ok: false, allowed: `a pattern of at most ${patternLimits.textMax} characters` }
  if (writtenOut(text) > patternLimits.sizeMax) return { ok: false, allowed: sizeRule }
  try {
    const compiled = RE2JS.compile(text)
    if (compiled.programSize() > patternLimits.sizeMax) return { ok: false, allowed: sizeRule }
    return { ok: true, isFoundIn: (value) => finds(compiled, value) }
  } catch (error) {
    const said = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it cannot be read'
    return { ok: false, allowed: `a pattern in RE2’s syntax (${said.slice(0, 200)})` }
  }
}

/** A fault of the library is no match: it must not stop whoever plans. */
function finds(compiled: RE2JS, value: string): boolean {
  try {
    return compiled.test(value)
  } catch {
    return false
  }
}

const token = new RegExp(
  [
    /\\Q[\s\S]*?(?:\\E|$)/, // quoted
    /\\[pPx]\{[^}]*\}|\\[\s\S]/, // escaped
    /\[\^?\]?(?:\[:[^\]]*:\]|\\[\s\S]|[^\]\\])*\]/, // a class of characters
    /(?<open>\()/,
    /(?<close>\))/,
    /\{(?<least>\d+)(?:,(?<most>\d*))?\}/,
    /[\s\S]/,
  ]
    .map((part) => part.source)
    .join('|'),
  'gu',
)

/** How large the program will be, about: without compiling it, since that is what costs. */
function writtenOut(text: string): number {
  const open = [0]
  let last = 0
  const add = (size: number): void => {
    open[open.length - 1] = (open.at(-1) ?? 0) + size
  }
  for (const { 0: part, groups = {} } of text.matchAll(token)) {
    if (groups['open'] !== undefined) open.push(0)
    else if (groups['least'] !== undefined) {
      const times = Math.max(Number(groups['least']), Number(groups['most'] ?? 0))
      add(last * (times - 1))
      last *= times
    } else {
      last = groups['close'] !== undefined && open.length > 1 ? (open.pop() ?? 0) : part.startsWith('\\Q') ? part.length : 1
      add(last)
    }
  }
  return open.reduce((sum, size) => sum + size)
}
