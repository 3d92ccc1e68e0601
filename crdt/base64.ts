// Base64 (RFC 4648, with padding) for the JSON API. Written here because the pure folders have neither Buffer nor atob.

import { type Result, ok, refuse } from './errors.ts'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const valueOf = new Map(alphabet.split('').map((letter, value) => [letter, value]))

export function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const chunk = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const left = bytes.length - i
    text += alphabet[chunk >> 18]! + alphabet[(chunk >> 12) & 63]!
    text += left > 1 ? alphabet[(chunk >> 6) & 63]! : '='
    text += left > 2 ? alphabet[chunk & 63]! : '='
  }
  return text
}

export function fromBase64(text: string): Result<Uint8Array, 'E_BASE64'> {
  const body = text.replace(/={0,2}$/, '')
  if (text.length % 4 !== 0) return refuse('E_BASE64', 'the length of base64 text must be a multiple of four')
  const bytes = new Uint8Array((body.length * 3) >> 2)
  let bits = 0
  let held = 0
  let at = 0
  for (const letter of body) {
    const value = valueOf.get(letter)
    if (value === undefined) return refuse('E_BASE64', `'${letter}' is not a base64 letter`)
    held = ((held << 6) | value) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 0xff
    }
  }
  return ok(bytes)
}
