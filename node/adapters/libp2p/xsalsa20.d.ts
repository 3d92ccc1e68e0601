// The package brings no types.

declare module 'xsalsa20' {
  interface Xor {
    update(input: Uint8Array): Uint8Array
  }
  export default function xsalsa20(nonce: Uint8Array, key: Uint8Array): Xor
}
