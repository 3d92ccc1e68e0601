// YAML's two halves with a bound between them. The first (text → tokens) keeps a stack of its own; the second (tokens → documents)
// recurses, and nesting without end takes the whole process down where no `catch` helps: in the regular expressions it compiles.

import { type CST, Composer, type Document, LineCounter, Parser } from 'yaml'
import { jobFileLimits } from './limits.ts'

/** The first is what is wanted; the second shows that there are more. */
const documentsMax = 2

export type ParsedYaml =
  | { readonly ok: true; readonly documents: readonly Document.Parsed[]; readonly lines: LineCounter }
  | { readonly ok: false; readonly deepAt: number; readonly lines: LineCounter }

/** The first two documents; syntax faults are in the documents. `deepAt`: where nesting passes the bound. */
export function parseYaml(text: string): ParsedYaml {
  const lines = new LineCounter()
  const tokens = firstTokens(new Parser(lines.addNewLine).parse(text))
  const deepAt = tooDeepAt(tokens)
  if (deepAt !== null) return { ok: false, deepAt, lines }
  // uniqueKeys compares every key with every other; the reader finds duplicates with a set.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: 'silent' })
  const documents: Document.Parsed[] = []
  for (const document of composer.compose(tokens)) if (documents.push(document) === documentsMax) break
  return { ok: true, documents, lines }
}

/** A file of nothing but document marks would take minutes. */
function firstTokens(parsed: Iterable<CST.Token>): CST.Token[] {
  const tokens: CST.Token[] = []
  let documents = 0
  for (const token of parsed) {
    tokens.push(token)
    if (token.type === 'document' && ++documents > documentsMax) break
  }
  return tokens
}

function tooDeepAt(tokens: readonly CST.Token[]): number | null {
  const open: { readonly token: CST.Token; readonly depth: number }[] = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next
    if (depth > jobFileLimits.parsedDepthMax) return token.offset
    for (const child of childrenOf(token)) open.push({ token: child, depth: depth + 1 })
  }
  return null
}

function childrenOf(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap(({ key, value }) => [key, value].filter((one) => one != null))
}
