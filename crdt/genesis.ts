// The first change of every document, by kind. It makes the two containers (`kind` and the empty map `registers`), so two sides
// that create the same document during a split merge instead of hiding one another. The bytes are written down, not computed:
// they must stay the same in every version of shoal and of Automerge (a test makes them anew and compares).

import type { ChangeHash, DocKind } from './ids.ts'
import { unhex } from './ids.ts'

/** Actor of every genesis change; no real actor has it, because real ones are hashes. */
export const genesisActor = '00000000000000000000000000000000'

/** Automerge's id of the map `registers`: the second operation of the genesis change. */
export const registersObject = `2@${genesisActor}`

export interface Genesis {
  readonly bytes: Uint8Array
  readonly hash: ChangeHash
}

function genesis(bytes: string, hash: string): Genesis {
  return { bytes: unhex(bytes), hash: hash as ChangeHash }
}

export const genesisOf: Readonly<Record<DocKind, Genesis>> = {
  fleet: genesis(
    '856f4a83bd8c487601420010000000000000000000000000000000000101000000061510340142035603570570027e046b696e6409726567697374657273027e01007e5600666c6565740200',
    'bd8c4876bb9aff62a8f24cdc99d3ee7e8f0a2ffd9b04c57bcc52f59153995c07',
  ),
  job: genesis(
    '856f4a831cbdc1be01400010000000000000000000000000000000000101000000061510340142035603570370027e046b696e6409726567697374657273027e01007e36006a6f620200',
    '1cbdc1bef0c92af7ea7960dd8fd71a744fcc7d0bf0860626b8cc015f95e224a3',
  ),
  ops: genesis(
    '856f4a83a7e1a9c101400010000000000000000000000000000000000101000000061510340142035603570370027e046b696e6409726567697374657273027e01007e36006f70730200',
    'a7e1a9c1b2c4f39ffd91f496dfbb0516baa2c13895893f39a434a77899345f82',
  ),
  node: genesis(
    '856f4a833e0a380501410010000000000000000000000000000000000101000000061510340142035603570470027e046b696e6409726567697374657273027e01007e46006e6f64650200',
    '3e0a380505e30f5b5ec559e0c636c00c3b68a9dbbd0626c6ca38013ae3fa8447',
  ),
}
