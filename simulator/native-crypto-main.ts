// What chaos runs hash and sign with, the hash by Node's own code: the same digests in a tenth of the time.

import { createHash } from 'node:crypto'
import type { Crypto } from '../crdt/crypto.ts'
import { chaosCrypto } from './chaos/crypto.ts'

export const nativeCrypto: Crypto = { ...chaosCrypto, sha256: (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest()) }
