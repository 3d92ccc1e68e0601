// A join token as a command makes it: a fresh key, whose secret goes into a join file, and the terms that admins state of its public half.

import { type Command, InvalidArgumentError, Option } from 'commander'
import type { TokenTerms } from '../../crdt/documents/fleet.ts'
import { type PoolName, type TokenId, isName, nameRule } from '../../crdt/ids.ts'
import { type KeyPair, keyPairFromSeed } from '../../node/adapters/keys.ts'
import type { Io } from '../io.ts'
import { parseDuration } from '../job-file/units.ts'

export interface JoinToken {
  readonly terms: TokenTerms
  readonly key: KeyPair
}

/** As many boards as a pool is built for: who sets up boards without saying how many is not to be stopped at some number. */
export const tokenCountDefault = 1_000
const secretBytes = 32
/** Ten years, in ms: longer is a mistake in units. */
const expiresMsMax = 3_650 * 86_400_000

export interface TokenOptions {
  /** ms from now. */
  readonly expires?: number
  readonly waitingRoom?: boolean
  readonly name?: string
}

export function tokenOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--expires <duration>', 'until when a board that nobody knows may show up with it (default: for ever)').argParser(
        parseExpiry,
      ),
    )
    .option('--waiting-room', 'whoever has it waits until an operator admits it')
}

export function newToken(io: Pick<Io, 'random' | 'now'>, pool: string, count: number, options: TokenOptions = {}): JoinToken {
  const key = keyPairFromSeed(io.random(secretBytes))
  const terms: TokenTerms = {
    id: key.id as string as TokenId,
    name: options.name ?? '',
    pool: pool as PoolName,
    mode: options.waitingRoom === true ? 'waiting-room' : 'auto',
    count,
    untilMs: options.expires === undefined ? null : io.now() + options.expires,
  }
  return { terms, key }
}

export function parsePool(text: string): string {
  if (!isName(text)) throw new InvalidArgumentError(`allowed: a pool's name (${nameRule}).`)
  return text
}

export function parseExpiry(text: string): number {
  const parsed = parseDuration(text)
  if (!parsed.ok) throw new InvalidArgumentError(`allowed: ${parsed.message}.`)
  if (parsed.value === 0 || parsed.value > expiresMsMax) throw new InvalidArgumentError('allowed: more than 0, at most 3650d.')
  return parsed.value
}
