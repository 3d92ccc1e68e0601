// One part of a register path. Names of groups, tasks and the like are plain names; keys that people choose freely (environment,
// labels, attributes, images) are percent-encoded, '/' and '%' only, so that a path splits in exactly one way.

/** Total; the inverse of `decodePart`. */
export function encodePart(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('/', '%2F')
}

export function decodePart(part: string): string {
  return part.replaceAll('%2F', '/').replaceAll('%25', '%')
}

/** False for spellings that `encodePart` never makes: two of them could otherwise mean one key. */
export function isCanonicalPart(part: string): boolean {
  return part !== '' && encodePart(decodePart(part)) === part
}
