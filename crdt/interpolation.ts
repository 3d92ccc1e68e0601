// `${…}` in the texts of a job, as in Nomad: names of the board, of the copy and of the task's own environment are filled in when the
// task is started; `$${` stands for `${`. Anything else in braces is left to whoever reads the text, mostly a shell. What each name means
// is the asker's business; this module only says what a name is, and fills in. Total on any text, and linear in its length.

/** `node.class`, `node.` and the like are names too, of nothing that there is: only so can they be refused. */
export type Reference =
  | { readonly kind: 'runtime'; readonly name: string }
  | { readonly kind: 'env'; readonly key: string }
  | { readonly kind: 'node'; readonly field: string }
  | { readonly kind: 'attr' | 'label' | 'var'; readonly key: string }

export type Piece = string | { readonly text: string; readonly reference: Reference }

/** The value; null: there should be one, and is not; undefined: none of ours, the text stays. */
export type Lookup = (reference: Reference) => string | null | undefined

const names = [
  // What the agent says of the copy, as the task finds it in its environment. No shell variable of another's has this prefix.
  '(?<runtime>SHOAL_[A-Za-z0-9_.-]+)',
  'env\\["(?<env>[!#-<>-Z^-z|~]+)"\\]',
  'node\\.(?<node>[A-Za-z0-9_.]*)',
  // As in constraints; no variable of a shell has a dot.
  'attr\\.(?<attr>[!-z|~]+)',
  '(?:label|meta)\\.(?<label>[!-z|~]+)',
  'var\\.(?<variable>[!-z|~]+)',
]
const tokenOf = (known: readonly string[]): RegExp => new RegExp(`\\$\\$\\{|\\$\\{(?:${known.join('|')})\\}`, 'g')
const token = tokenOf(names)
/** A bare name is one of the task's environment, too, if nothing else. */
const tokenOrBare = tokenOf([...names, '(?<bare>[A-Za-z0-9_.-]+)'])

/** The text cut up; escapes are resolved. */
export function piecesOf(text: string, known = token): readonly Piece[] {
  if (!text.includes('${')) return text === '' ? [] : [text]
  const pieces: Piece[] = []
  let from = 0
  for (const found of text.matchAll(known)) {
    if (found.index > from) pieces.push(text.slice(from, found.index))
    from = found.index + found[0].length
    const reference = referenceOf(found.groups ?? {})
    pieces.push(reference === null ? '${' : { text: found[0], reference })
  }
  if (from < text.length) pieces.push(text.slice(from))
  return pieces
}

function referenceOf(named: Readonly<Record<string, string | undefined>>): Reference | null {
  const { runtime, env, bare, node, attr, label, variable } = named
  if (runtime !== undefined) return { kind: 'runtime', name: runtime }
  const key = env ?? bare
  if (key !== undefined) return { kind: 'env', key }
  if (node !== undefined) return { kind: 'node', field: node }
  if (attr !== undefined) return { kind: 'attr', key: attr }
  if (variable !== undefined) return { kind: 'var', key: variable }
  return label === undefined ? null : { kind: 'label', key: label }
}

export function referencesIn(text: string): readonly { readonly text: string; readonly reference: Reference }[] {
  return piecesOf(text).filter((piece) => typeof piece !== 'string')
}

export interface Filler {
  /** The text with all that is known filled in. What is missing, or would be too much, stays as it is and is noted. */
  fill(text: string): string
  /** The same, and `${KEY}` as well as `${env["KEY"]}`: for texts that no shell of the task's reads. */
  fillBare(text: string): string
  /** As written in the texts, each once. */
  readonly missing: ReadonlySet<string>
  readonly isTooLong: boolean
}

/** Fills many texts, all of them together with at most so many characters: a value may be named again and again. */
export function createFiller(lookup: Lookup, charsMax: number): Filler {
  const missing = new Set<string>()
  let left = charsMax
  let isTooLong = false
  const valueOf = (piece: Piece): string => {
    if (typeof piece === 'string') return piece
    const value = lookup(piece.reference)
    if (value === null) missing.add(piece.text)
    if (value === null || value === undefined) return piece.text
    if (value.length > left) {
      isTooLong = true
      return piece.text
    }
    left -= value.length
    return value
  }
  const filledIn = (text: string, names: RegExp): string => (text.includes('${') ? piecesOf(text, names).map(valueOf).join('') : text)
  return {
    fill: (text) => filledIn(text, token),
    fillBare: (text) => filledIn(text, tokenOrBare),
    missing,
    get isTooLong() {
      return isTooLong
    },
  }
}
