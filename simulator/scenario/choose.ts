// Which boards a word of a scenario means: a name, a pattern with `*`, a label (`site=north`), `all`, or `others` (whoever the other
// side of a cut does not name).

export interface Choosable {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
}

/** Names in the order of the boards; empty when the word means nobody. `others` is the caller's business. */
export function chooseBoards(boards: readonly Choosable[], word: string): string[] {
  return boards.filter((board) => isMeant(board, word)).map(({ name }) => name)
}

function isMeant({ name, labels }: Choosable, word: string): boolean {
  if (word === 'all' || word === name) return true
  const at = word.indexOf('=')
  if (at > 0) return Object.hasOwn(labels, word.slice(0, at)) && matches(word.slice(at + 1), labels[word.slice(0, at)]!)
  return matches(word, name)
}

/** `*` stands for any text; nothing else is special. Linear: each part is looked for behind the one before. */
function matches(pattern: string, text: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return pattern === text
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  let at = first.length
  for (const part of rest) {
    const found = text.indexOf(part, at)
    if (found < 0 || found + part.length > text.length - last.length) return false
    at = found + part.length
  }
  return true
}

/** `shop-{1..3}` and `{a,b}-1`: every name that is meant, in order. */
export function expandName(text: string): string[] {
  const match = /^(.*?)\{([^{}]*)\}(.*)$/.exec(text)
  if (match === null) return [text]
  const [, before = '', inner = '', after = ''] = match
  return alternatives(inner).flatMap((middle) => expandName(after).map((tail) => `${before}${middle}${tail}`))
}

/** As many boards as a machine can play in a reasonable time. */
export const boardsMax = 1_000

function alternatives(inner: string): string[] {
  const range = /^(\d{1,6})\.\.(\d{1,6})$/.exec(inner)
  if (range === null) return inner.split(',')
  const [from, to] = [Number(range[1]), Number(range[2])]
  const width = range[1]!.startsWith('0') ? range[1]!.length : 0
  const count = Math.min(Math.max(0, to - from + 1), boardsMax + 1)
  return Array.from({ length: count }, (_, index) => String(from + index).padStart(width, '0'))
}
