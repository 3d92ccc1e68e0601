// 32-bit integer hashes that decide ties: the same on every CPU and Node version. They share work between equal boards and
// have nothing to do with security. Source of the constants: FNV-1a, and the finaliser of MurmurHash3.

export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return finish(hash)
}

/** The weight of a node for a slot, from both hashes; unsigned. The highest weight takes a tie. */
export function pairHash(a: number, b: number): number {
  return finish(Math.imul(a, 0x9e3779b1) ^ b)
}

function finish(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
