// How big a text is where it counts: as UTF-8 on the wire and on disk, not in UTF-16 units. Also knows the texts that have no
// UTF-8 form at all and would come back changed from a document.

/** Bytes of the text as UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // A surrogate is half of a character of four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit >= 0xd800 && unit <= 0xdfff ? 2 : 3
  }
  return bytes
}

// With the u flag only surrogates without their other half match.
const loneSurrogate = /\p{Surrogate}/u

export function isWellFormed(text: string): boolean {
  return !loneSurrogate.test(text)
}

/** True when the text holds characters that no name, path or setting has: NUL, escapes, line breaks. */
export function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x20 || unit === 0x7f) return true
  }
  return false
}

/** The text without control characters and halves of characters, cut to so many bytes at a character's end. */
export function cutToBytes(text: string, bytesMax: number): string {
  let kept = ''
  let bytes = 0
  for (const character of text) {
    const clean = hasControls(character) ? ' ' : isWellFormed(character) ? character : '\ufffd'
    bytes += utf8Bytes(clean)
    if (bytes > bytesMax) break
    kept += clean
  }
  return kept
}
