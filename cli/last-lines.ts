// The last lines of some output, as bytes: output need not be valid text.

const newline = 10

export function lastLines(bytes: Uint8Array, count: number): Uint8Array {
  if (count === 0) return bytes.subarray(bytes.length)
  let lines = 0
  // A line break at the very end ends the last line; it does not begin another.
  for (let at = bytes.length - 2; at >= 0; at--) {
    if (bytes[at] === newline && ++lines === count) return bytes.subarray(at + 1)
  }
  return bytes
}
