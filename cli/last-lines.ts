// The last lines of some output, as bytes: output need not be valid text.

const newline = 10

export function lastLines(bytes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return new Uint8Array()
  // A line break at the very end ends the last line; it does not begin another.
  let at = bytes.length - 1
  for (let lines = 0; ; lines++) {
    at = bytes.lastIndexOf(newline, at - 1)
    if (at <= 0 && (at < 0 || bytes[0] !== newline)) return bytes
    if (lines + 1 === count) return bytes.subarray(at + 1)
    if (at === 0) return bytes
  }
}
