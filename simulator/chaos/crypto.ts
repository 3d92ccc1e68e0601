// What chaos runs hash and sign with: a real hash, because Automerge checks its own, and signatures that cost and protect nothing.

import type { Crypto } from '../../crdt/crypto.ts'
import { cheapCrypto } from '../cheap-crypto.ts'
import { sha256 } from '../sha256.ts'

export const chaosCrypto: Crypto = { sha256, verify: cheapCrypto.verify }
