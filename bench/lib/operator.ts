// The operator's pen for benches: changes are authored and signed in this process, so that a bench measures the mesh and not the
// start of a CLI.

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fromBase64, toBase64 } from '../../crdt/base64.ts'
import { jobPaths, specToRegisters } from '../../crdt/documents/job.ts'
import { admit } from '../../crdt/gate.ts'
import { type FleetId, type PoolName, jobDocId, jobId } from '../../crdt/ids.ts'
import { type Scalar, difference } from '../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import { type FleetRights, fleetRights } from '../../crdt/rights/fleet-rights.ts'
import type { JobSpec } from '../../crdt/spec.ts'
import type { Doc } from '../../crdt/doc.ts'
import { createCrypto } from '../../node/adapters/keys.ts'
import { loadKey } from '../../node/adapters/key-file.ts'
import { type Agent, type Fleet, ask } from '../../test/e2e/support/fleet.ts'

export interface Operator {
  /** Signs what makes the job's document say this; the envelopes for `doc.put`, base64. */
  prepare(agent: Agent, spec: JobSpec, desired: 'run' | 'stopped' | 'removed'): Promise<string[]>
}

export async function operatorOf(fleet: Fleet): Promise<Operator> {
  const crypto = createCrypto()
  const key = await loadKey(join(fleet.folder, 'operator', 'keys', 'e2e.key'))
  const join_ = JSON.parse(readFileSync(join(fleet.folder, 'e2e.join.json'), 'utf8')) as { fleet: FleetId; envelopes: string[] }
  const genesis = rebuild(join_.envelopes, undefined)
  const rights = fleetRights(genesis!)

  function rebuild(envelopes: readonly string[], known: FleetRights | undefined): Doc | undefined {
    let doc: Doc | undefined
    for (const text of envelopes) {
      const bytes = fromBase64(text)
      const admitted = bytes.ok ? admit(crypto, doc, bytes.value, { fleet: join_.fleet, rights: known }) : bytes
      if (!admitted.ok) throw new Error(`${admitted.code}: ${admitted.message}`)
      doc = admitted.value.doc
    }
    return doc
  }

  return {
    async prepare(agent, spec, desired) {
      const id = jobDocId(jobId(spec.namespace, spec.name))
      const stored = await ask(agent, 'doc', { method: 'doc.get', doc: id })
      const doc = rebuild(stored.envelopes, rights) ?? emptyDoc(crypto, id, spec.pool as PoolName)
      const wanted = new Map<string, Scalar>([...specToRegisters(spec), [jobPaths.desired, desired]])
      const edited = editDoc(
        crypto,
        doc,
        { id: key.id, signer: key.signer, nonce: new Uint8Array(randomBytes(16)), fleet: join_.fleet },
        difference(doc.registers, wanted),
        0,
      )
      return edited.envelopes.map((envelope) => toBase64(envelope.bytes))
    },
  }
}
