// A join file brought up to date from the running fleet: the newest pre-shared key, the bootstrap list and the fleet document of now. Tokens'
// secrets, which no board tells anybody, stay those of the file.

import { bootstrapFromRegisters } from '../crdt/documents/fleet.ts'
import { type FleetId, fleetDocId, hex } from '../crdt/ids.ts'
import { rebuildFleet } from './document.ts'
import { CliError } from './errors.ts'
import type { JoinFile } from './fleet-files.ts'
import { readNewestPsk } from './psk-file.ts'
import type { Session } from './session.ts'

export async function currentJoinFile(session: Session, file: JoinFile): Promise<JoinFile> {
  const { context, io } = session
  if (context.fleet !== file.fleet) {
    const hint = 'name the context of that fleet with --context'
    throw new CliError('E_CONTEXT', `context '${context.name}' is of another fleet than the join file of '${file.name}'`, { hint })
  }
  const { envelopes: known } = await session.ask('doc', { method: 'doc.get', doc: fleetDocId })
  // What was signed for boards that have not come yet (`provision`) may be in the file alone.
  const envelopes = [...known, ...file.envelopes.filter((one) => !known.includes(one))]
  const { rights } = rebuildFleet(io.crypto, file.fleet as FleetId, envelopes)
  const { listed, removed } = bootstrapFromRegisters(rights.doc.registers)
  const bootstrap = [...new Set([...file.bootstrap, ...listed])].filter((address) => !removed.includes(address))
  // Read now: the connection may just have brought it.
  return { ...file, psk: hex(await readNewestPsk(context.pskFile)), envelopes, bootstrap }
}
