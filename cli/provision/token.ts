// The join file of a bundle: the fleet's, with a token of the bundle's own, which an admin states in the copy of the fleet document that the
// file carries. Nobody is asked: boards that are members take that statement from the first board that shows the token.

import { toBase64 } from '../../crdt/base64.ts'
import { type TokenTerms, tokenRegisters } from '../../crdt/documents/fleet.ts'
import type { FleetId } from '../../crdt/ids.ts'
import { editDoc } from '../../crdt/replica.ts'
import { fleetBasis } from '../../crdt/rights/basis.ts'
import { authorOf } from '../documents/author.ts'
import type { Context } from '../peers/contexts.ts'
import { rebuildFleet } from '../documents/document.ts'
import { CliError } from '../errors.ts'
import { type JoinFile, secretsOf } from '../fleet/fleet-files.ts'
import type { Io } from '../io.ts'
import { type TokenOptions, newToken } from '../boards/join-token.ts'
import { findContext } from '../peers/target.ts'

interface BundleToken extends TokenOptions {
  readonly pool: string
  readonly count: number
  readonly keepToken?: boolean
  readonly context?: string
}

/** `token`: null if none was made: the fleet is open, or the file's own is kept. */
export async function withToken(
  io: Io,
  file: string,
  join: JoinFile,
  options: BundleToken,
): Promise<{ readonly join: JoinFile; readonly token: TokenTerms | null }> {
  const { tokens } = join
  const { pool } = options
  if (tokens === undefined) return { join, token: null }
  if (options.keepToken === true) {
    const own = tokens[pool]
    // The others are none of these boards' business.
    if (own !== undefined) return { join: { ...join, tokens: { [pool]: own } }, token: null }
    throw new CliError('E_JOIN_TOKEN', `'${file}' has no token for pool ${pool}`, { hint: 'leave --keep-token out, and one is made' })
  }
  const author = await authorOf(io, await contextOf(io, join, options.context))
  const fleet = rebuildFleet(io.crypto, join.fleet as FleetId, join.envelopes)
  if (fleet.rights.now.get(author.id)?.role !== 'admin') {
    const hint = `an admin makes a join file with \`shoal token create --pool ${pool}\`; give that with --join and --keep-token`
    throw new CliError('E_ROLE', `the key ${author.id} is no admin by '${file}', so nobody would take its word for a token`, { hint })
  }
  const token = newToken(io, pool, options.count, { name: 'provision', ...options })
  const { envelopes } = editDoc(
    io.crypto,
    fleetBasis(io.crypto, fleet.doc),
    author,
    tokenRegisters(token.terms),
    Math.floor(io.now() / 1000),
  )
  const signed = envelopes.map(({ bytes }) => toBase64(bytes))
  return { join: { ...join, envelopes: [...join.envelopes, ...signed], tokens: secretsOf([token]) }, token: token.terms }
}

async function contextOf(io: Io, { fleet, name }: JoinFile, named: string | undefined): Promise<Context> {
  const context = await findContext(io, named)
  if (context?.fleet === fleet) return context
  const found = context === null ? 'there is no context' : `context '${context.name}' is of another fleet`
  throw new CliError('E_NO_CONTEXT', `${found}, so no key of fleet '${name}' to sign for a token`, {
    hint: 'name the one of that fleet with --context, or put the join file’s own token in with --keep-token',
  })
}
