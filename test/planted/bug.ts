// A planted bug: a few words of one or two source files, replaced.

export interface PlantedBug {
  readonly name: string
  /** What is wrong, in a sentence. */
  readonly words: string
  readonly edits: readonly { readonly file: string; readonly find: string; readonly replace: string }[]
}

export function bug(name: string, words: string, file: string, find: string, replace: string): PlantedBug {
  return { name, words, edits: [{ file, find, replace }] }
}
