// Patterns of names: `*` stands for any run of characters but '/'. Matched in linear time, without regular expressions: patterns come
// from documents.

/** `shop-*`, `default/web-*`, `*` + `/` + `*`: name characters and stars; with a slash between two parts if `parts` is 2. */
export function isPattern(text: string, parts: 1 | 2): boolean {
  const found = text.split('/')
  return found.length === parts && found.every((part) => /^[a-z0-9*-]{1,63}$/.test(part))
}

export function matches(pattern: string, name: string): boolean {
  const [patterns, names] = [pattern.split('/'), name.split('/')]
  return patterns.length === names.length && patterns.every((part, index) => matchesPart(part, names[index] ?? ''))
}

/** Goes back only to the last star, which takes one character more each time. */
function matchesPart(pattern: string, name: string): boolean {
  let [at, from, star, taken] = [0, 0, -1, 0]
  while (from < name.length) {
    if (pattern[at] === '*') [star, taken, at] = [at, from, at + 1]
    else if (pattern[at] === name[from]) [at, from] = [at + 1, from + 1]
    else if (star >= 0) [at, taken, from] = [star + 1, taken + 1, taken + 1]
    else return false
  }
  while (pattern[at] === '*') at++
  return at === pattern.length
}
