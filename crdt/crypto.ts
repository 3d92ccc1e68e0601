// What the pure folders need of cryptography, injected. All of it is a plain function of its input (ed25519 signatures are
// deterministic), so the simulator may use a cheaper implementation without changing any decision.

export interface Crypto {
  sha256(bytes: Uint8Array): Uint8Array
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

/** A private key that does not leave its holder. */
export interface Signer {
  readonly publicKey: Uint8Array
  sign(message: Uint8Array): Uint8Array
}
