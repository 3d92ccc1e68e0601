// A join file brought up to date from the running fleet: the newest pre-shared key, the bootstrap list and the fleet document of now. Tokens'
// secrets, which no board tells anybody, stay those of the file.

import { addressesToTry } from '../../crdt/bootstrap-addresses.ts'
import { bootstrapFromRegisters } from '../../crdt/documents/fleet.ts'
import { pskDigest, pskFromRegisters } from '../../crdt/documents/psk.ts'
import { type FleetId, fleetDocId, hex } from '../../crdt/ids.ts'
import type { Registers } from '../../crdt/registers.ts'
import { rebuildFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import type { JoinFile } from './fleet-files.ts'
import { usable } from './learn-psks.ts'
import { readPsks } from './psk-file.ts'
import type { Session } from '../peers/session.ts'

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
  const bootstrap = addressesToTry(file.bootstrap, bootstrapFromRegisters(rights.doc.registers))
  // Read now: the connection may just have brought it.
  return { ...file, psk: hex(await newestPsk(session, rights.doc.registers)), envelopes, bootstrap }
}

/** The one that new boards are given. A context that only ever talks to a board's socket, which tells no keys, may have none that is valid. */
export async function newestPsk({ context, io }: Pick<Session, 'context' | 'io'>, registers: Registers): Promise<Uint8Array> {
  const statements = pskFromRegisters(registers)
  const fleet = context.fleet as FleetId
  const [newest] = usable(io.crypto, fleet, statements, await readPsks(context.pskFile))
  if (!statements.closed.has(pskDigest(io.crypto, fleet, newest!))) return newest!
  throw new CliError(
    'E_PSK',
    `context '${context.name}' has no pre-shared key that is still valid: boards would be set up with one that is closed`,
    {
      hint: 'take an up-to-date join file or key file from an admin who has the new one: docs/security.md, Rotation',
    },
  )
}
