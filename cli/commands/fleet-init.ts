// `fleet init`: makes a fleet out of nothing, on the operator's own machine. The hash of the first envelope that it signs is the
// fleet's identity; the join file is what every board gets. No node is needed and none is asked.

import { unlink } from 'node:fs/promises'
import { userInfo } from 'node:os'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { toBase64 } from '../../crdt/base64.ts'
import { type OperatorId, fleetDocId, hex, isName, nameRule } from '../../crdt/ids.ts'
import { fleetGenesisRegisters } from '../../crdt/documents/fleet.ts'
import { type Envelope, everyPool } from '../../crdt/envelope.ts'
import { assert } from '../../crdt/errors.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import { type KeyPair, loadOrCreateKey } from '../../node/adapters/keys.ts'
import { nonceBytes } from '../documents/author.ts'
import { type Cli, collect, local, outputOption } from '../command.ts'
import { confirmed } from '../confirm.ts'
import { configDir, contextsFile } from '../peers/config-dir.ts'
import { type Contexts, readContexts, writeContexts } from '../peers/contexts.ts'
import { CliError, keyFault } from '../errors.ts'
import { fleetFiles, joinFile, joinText, mustBeAbsent, writeSecret } from '../fleet/fleet-files.ts'
import type { Io } from '../io.ts'
import { type JoinToken, newToken, parsePool, tokenCountDefault } from '../boards/join-token.ts'
import { mustBeReachable } from '../peers/peer-address.ts'
import { type OutputFormat, printData } from '../print.ts'

export interface InitOptions {
  readonly out?: string
  readonly peer?: readonly string[]
  readonly operator?: string
  readonly recovery?: string
  /** Its file is where it will be locked away: nobody has to be asked. */
  readonly recoveryKept?: boolean
  readonly pool?: readonly string[]
  /** Whoever has the join file is a member, in whatever pool. */
  readonly open?: boolean
  readonly output: OutputFormat
}

const pskBytes = 32

export function addFleetInit(parent: Command, cli: Cli): Command {
  const command = parent
    .command('init')
    .description('make a new fleet: your key, its identity, and the file with which boards join')
    .argument('<name>', 'name of the fleet')
    .option('--out <file>', 'join file to write (default: NAME.join.json)')
    .option('-p, --peer <address>', 'address of a board that will be there (may be repeated): boards and you try these first', collect)
    .option('--pool <name>', 'pool that boards may join with this file (may be repeated; default: default)', collectPool)
    .option('--open', 'whoever has the join file is a member, of whatever pool: no tokens, no waiting room')
    .option('--operator <name>', 'your name in the fleet (default: your user name)')
    .option(
      '--recovery <file>',
      'also make a recovery key there, on a stick to be locked away: it alone can revoke your key should that be stolen',
    )
    .option('--recovery-kept', 'say that this file is on something that you take away and lock up; without it you are asked')
    .addOption(outputOption())
  return local<InitOptions>(cli, command, async ({ args: [name = ''], options }) => {
    await mustBeKept(cli.io, options)
    const made = await makeFleet(cli.io, name, options)
    const { fleet, key, out, keyFile, recovery } = made
    if (options.output === 'table') return cli.io.stdout.write(nextSteps(name, made, options))
    return printData(cli.io, options.output, { fleet, name, operator: key.id, joinFile: out, keyFile, context: name, recovery })
  })
}

/** A recovery key that stays on the founder's machine is stolen with the founder's key. Asked before anything is made. */
async function mustBeKept(io: Io, { recovery, recoveryKept }: InitOptions): Promise<void> {
  if (recovery === undefined || recoveryKept === true) return
  const question = `'${recovery}' alone will be able to revoke your key, and nothing revokes it. Is that on a stick or the like that you take away from this machine and lock up?`
  const isKept = await confirmed(io, question)
  if (isKept === true) return
  const found =
    isKept === null
      ? 'that the recovery key is kept safe is not confirmed, and there is no terminal to ask'
      : 'the recovery key has no safe place yet'
  throw new CliError('E_RECOVERY', `${found}: no fleet was made`, {
    hint: 'name a file on what you lock up with --recovery, and confirm it with --recovery-kept',
  })
}

export interface MadeFleet {
  readonly fleet: string
  readonly key: KeyPair
  readonly keyFile: string
  /** The join file. */
  readonly out: string
  readonly recovery: { readonly id: string; readonly keyFile: string } | null
}

export async function makeFleet(io: Io, name: string, options: Omit<InitOptions, 'output' | 'recoveryKept'>): Promise<MadeFleet> {
  if (options.open === true && options.pool !== undefined)
    throw new CliError('E_USAGE', '--pool names the pools that a token is for, and an --open fleet has none')
  if (!isName(name)) throw new CliError('E_FLEET_NAME', `'${name}' is not a name for a fleet (${nameRule})`)
  mustBeReachable(options.peer ?? [])
  const { keyFile, pskFile } = fleetFiles(configDir(io.env), name)
  const out = options.out ?? `${name}.join.json`
  const known = await readContexts(contextsFile(io.env))
  if (known.contexts.some((one) => one.name === name))
    throw new CliError('E_EXISTS', `there is a context '${name}' in '${known.file}' already`, { hint: 'choose another name' })
  const files = [keyFile, pskFile, out, ...(options.recovery === undefined ? [] : [options.recovery])]
  if (new Set(files.map((file) => resolve(file))).size < files.length)
    throw new CliError('E_USAGE', 'two of the files that would be made are one', { hint: `name other files: ${files.join(', ')}` })
  await mustBeAbsent(files)
  const { key, envelope, recovery } = await makeFiles(io, name, { keyFile, pskFile, out, known, options })
  return { fleet: envelope.hash, key, keyFile, out, recovery }
}

interface Making {
  readonly keyFile: string
  readonly pskFile: string
  readonly out: string
  readonly known: Contexts
  readonly options: Omit<InitOptions, 'output'>
}

/** All of the files or none: half a fleet would only be in the way of the next try. */
async function makeFiles(
  io: Io,
  name: string,
  { keyFile, pskFile, out, known, options }: Making,
): Promise<Pick<MadeFleet, 'key' | 'recovery'> & { envelope: Envelope }> {
  const peers = options.peer ?? []
  const psk = io.random(pskBytes)
  try {
    const key = await newKey(keyFile)
    const recovery = options.recovery === undefined ? null : await newKey(options.recovery)
    const tokens =
      options.open === true ? null : poolsOf(options).map((pool) => newToken(io, pool, tokenCountDefault, { name: 'fleet init' }))
    const envelope = firstEnvelope(io, name, { key, recovery, operator: options.operator ?? operatorName(), tokens })
    const join = joinFile({ fleet: envelope.hash, name, psk, envelopes: [toBase64(envelope.bytes)], bootstrap: peers, tokens })
    await writeSecret(pskFile, `${hex(psk)}\n`)
    await writeSecret(out, joinText(join))
    const context = { name, fleet: envelope.hash, pskFile, keyFile, peers, pool: null }
    await writeContexts({ ...known, current: name, contexts: [...known.contexts, context] })
    return { key, envelope, recovery: recovery === null ? null : { id: recovery.id, keyFile: options.recovery! } }
  } catch (error) {
    // They were absent when this command began (`mustBeAbsent`), and nobody knows this key yet.
    for (const file of [keyFile, pskFile, out, ...(options.recovery === undefined ? [] : [options.recovery])])
      await unlink(file).catch(() => undefined)
    throw error
  }
}

const poolDefault = 'default'

function poolsOf({ pool }: Pick<InitOptions, 'pool'>): readonly string[] {
  return pool ?? [poolDefault]
}

function collectPool(text: string, before: readonly string[] | undefined): readonly string[] {
  return [...new Set([...(before ?? []), parsePool(text)])]
}

async function newKey(file: string): Promise<KeyPair> {
  return await loadOrCreateKey(file).catch((error: unknown) => {
    throw keyFault(error)
  })
}

interface Founders {
  readonly key: KeyPair
  readonly recovery: KeyPair | null
  readonly operator: string
  /** null: the fleet is open. */
  readonly tokens: readonly JoinToken[] | null
}

/** The one envelope that belongs to no fleet yet: its hash is the fleet. */
function firstEnvelope(io: Pick<Io, 'crypto' | 'random' | 'now'>, name: string, { key, recovery, operator, tokens }: Founders): Envelope {
  const author = { id: key.id, signer: key.signer, nonce: io.random(nonceBytes), fleet: '' } as const
  const admin = key.id as OperatorId
  const before = recovery === null ? {} : { recovery: recovery.id as OperatorId }
  const registers = fleetGenesisRegisters({
    name,
    admin,
    adminName: operator,
    ...before,
    ...(tokens === null ? {} : { tokens: tokens.map(({ terms }) => terms) }),
  })
  const { envelopes } = editDoc(io.crypto, emptyDoc(io.crypto, fleetDocId, everyPool), author, registers, Math.floor(io.now() / 1000))
  const [first] = envelopes
  assert(first !== undefined && envelopes.length === 1, 'the first edit of a fleet document is one envelope')
  return first
}

function operatorName(): string {
  try {
    return userInfo().username
  } catch {
    return 'admin' // a user id without a name, as in some containers
  }
}

function nextSteps(name: string, { fleet, key, keyFile, out, recovery }: MadeFleet, options: InitOptions): string {
  const tell = (options.peer ?? []).length > 0 ? '' : '  tell shoal where they are  shoal context peers HOST:7420 …\n'
  const pools = poolsOf(options)
  const members =
    options.open === true
      ? 'whoever has it is a member of the fleet'
      : `up to ${tokenCountDefault} boards that have it are members of pool ${pools.join(' and as many of pool ')}`
  const only = recovery === null ? `keep a copy in a safe place: it is the fleet's only admin` : 'it is what you sign with'
  const rescue =
    recovery === null
      ? ''
      : `  recovery   ${recovery.id}
             ${recovery.keyFile} (take it away from this machine: it alone can revoke your key, and nothing revokes it)
`
  return `fleet ${name} is made
  identity   ${fleet}
  your key   ${key.id}
             ${keyFile} (${only})
${rescue}  join file  ${out} (a secret: ${members})

next:
  on each board              shoal agent --join ${out}   (add --raw-exec to allow plain processes, not only containers)
${tell}  look                       shoal status
  a first job                shoal job init hello && shoal job run hello.yaml
`
}
