// `provision`: one folder from which any number of boards is set up, with nobody logging in anywhere. It is made where the fleet's join file
// is; of a fleet that runs already it asks for what has changed since that was made.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Command, InvalidArgumentError } from 'commander'
import type { TokenTerms } from '../../crdt/documents/fleet.ts'
import { type Cli, collect, local, parseCount } from '../command.ts'
import { configDir, contextsFile } from '../peers/config-dir.ts'
import { readContexts } from '../peers/contexts.ts'
import { currentJoinFile } from '../fleet/current-join-file.ts'
import { CliError } from '../errors.ts'
import { type JoinFile, joinText, parseJoinFile } from '../fleet/fleet-files.ts'
import type { Io } from '../io.ts'
import { parsePool, tokenCountDefault, tokenOptions } from '../boards/join-token.ts'
import { mustBeReachable } from '../peers/peer-address.ts'
import { bundleFiles } from '../provision/bundle.ts'
import { type Form, formsText, parseForms } from '../provision/forms.ts'
import { expandNames } from '../provision/names.ts'
import { withToken } from '../provision/token.ts'
import { writeBundle } from '../provision/write.ts'
import { Session } from '../peers/session.ts'
import { readTextFile } from '../text-file.ts'

interface Options {
  readonly pool: string
  readonly out: string
  readonly join?: string
  readonly peer?: readonly string[]
  readonly listen?: readonly string[]
  readonly label?: Readonly<Record<string, string>>
  readonly rawExec?: boolean
  readonly exec?: boolean
  readonly form?: readonly Form[]
  readonly names?: string
  readonly count?: number
  readonly program?: string
  readonly expires?: number
  readonly waitingRoom?: boolean
  readonly keepToken?: boolean
  readonly offline?: boolean
  readonly context?: string
}

export function addProvision(parent: Command, cli: Cli): Command {
  const command = tokenOptions(parent.command('provision'))
    .description('write one folder from which any number of boards is set up: SD card images, or an installer that needs no network')
    .requiredOption('--pool <name>', 'the pool that these boards belong to', parsePool)
    .option('--out <folder>', 'folder to write (new)', 'boards')
    .option('--join <file>', 'the fleet’s join file (default: CONTEXT.join.json)')
    .option('-p, --peer <address>', 'address of a board that will be there, for the shared bootstrap list (may be repeated)', collect)
    .option('--listen <address>', 'address on which the boards listen (may be repeated; default: /ip4/0.0.0.0/tcp/7420)', collect)
    .option('--label <name=value>', 'label of all these boards (may be repeated)', collectLabel)
    .option('--raw-exec', 'allow plain processes there, not only containers')
    .option('--exec', 'allow processes with limits there, as users without rights')
    .option('--form <forms>', `besides overlay and installer: ${formsText} (separated by commas)`, parseForms)
    .option('--names <pattern>', 'also write what each board has of its own: shop-{001..500}')
    .option('--count <n>', 'how many boards: so many names, and so many that are members by the token of this folder', parseCount)
    .option('--keep-token', 'put the join file’s own token for that pool in, instead of making one')
    .option('--offline', 'ask no board: the bootstrap list and the pre-shared key are those of the join file')
    .option('--context <name>', 'context whose key signs for the token (default: the current one)')
    .option('--program <folder>', 'the program’s folder (default: the one that runs this command)')
  return local<Options>(cli, command, async ({ options }) => {
    const boards = namesOf(options)
    mustBeReachable(options.peer ?? [])
    const file = options.join ?? (await joinFileOf(cli.io))
    const given = parseJoinFile(file, await readTextFile(cli.io, file))
    const current = options.offline === true ? given : await asRunning(cli.io, given, options.context)
    const { join: made, token } = await withToken(cli.io, file, withPeers(current, options.peer), {
      ...options,
      count: options.count ?? (boards.length || tokenCountDefault),
    })
    const join = joinText(made)
    const { pool, label: labels = {}, rawExec = false, exec = false, listen = [], form: forms = [] } = options
    const madeAt = Math.floor(cli.io.now() / 1000)
    const built = await builtProgram(options.program)
    await writeBundle(options.out, bundleFiles({ ...built, join, pool, labels, rawExec, exec, listen, boards, forms, madeAt }))
    cli.io.stdout.write(nextSteps(options.out, boards, token))
  })
}

/** What is named here and now is in the list, whatever the fleet says of it. */
function withPeers(file: JoinFile, peers: readonly string[] = []): JoinFile {
  return { ...file, bootstrap: [...new Set([...file.bootstrap, ...peers])] }
}

/** The file as it is when no board answers: a fleet may be provisioned before there is one. */
async function asRunning(io: Io, file: JoinFile, context: string | undefined): Promise<JoinFile> {
  const session = await Session.open(io, { timeout: askMs, ...(context === undefined ? {} : { context }) }).catch(() => null)
  if (session === null) return file
  try {
    return await currentJoinFile(session, file)
  } catch (error) {
    if (!(error instanceof CliError && notRunning.has(error.code))) throw error
    io.stderr.write(`${error.message}\nso the bootstrap list and the pre-shared key are those of the join file (--offline asks nobody)\n`)
    return file
  } finally {
    await session.close()
  }
}

/** A board nearby answers within a second; nobody waits long for one that is not there yet. */
const askMs = 4_000
const notRunning: ReadonlySet<string> = new Set(['E_UNREACHABLE', 'E_TIMEOUT', 'E_CONNECTION', 'E_CONTEXT', 'E_NO_CONTEXT'])

function collectLabel(text: string, before: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const [, name = '', value = ''] = /^([\w.-]+)=(.*)$/s.exec(text) ?? []
  if (name === '') throw new InvalidArgumentError('allowed: NAME=VALUE.')
  return { ...before, [name]: value }
}

function namesOf({ names, count }: Options): readonly string[] {
  if (names === undefined) return []
  const boards = expandNames(names)
  if (count !== undefined && boards.length !== count)
    throw new CliError('E_NAMES', `--names ${names} are ${boards.length} names, and --count is ${count}`)
  return boards
}

async function joinFileOf(io: Io): Promise<string> {
  const { current } = await readContexts(contextsFile(io.env))
  if (current !== null) return `${current}.join.json`
  const hint = 'make a fleet with: shoal fleet init NAME'
  throw new CliError('E_NO_CONTEXT', `there is no context in '${configDir(io.env)}', so no join file is known`, { hint })
}

/** The bundle that runs this command, unless it is run from the sources. */
async function builtProgram(named: string | undefined): Promise<{ readonly program: string; readonly version: string }> {
  const program = named ?? import.meta.dirname
  const version = await readFile(join(program, 'board/version'), 'utf8').catch(() => null)
  if (version !== null) return { program, version: version.trim() }
  const hint =
    named === undefined
      ? 'this runs from the sources: npm run build, then name dist/ with --program'
      : 'name the folder that npm run build made'
  throw new CliError('E_PROGRAM', `there is no built program in '${program}'`, { hint })
}

function nextSteps(out: string, boards: readonly string[], token: TokenTerms | null): string {
  const joins =
    token === null
      ? ''
      : `token ${token.id}: ${token.count} boards of pool ${token.pool}${token.mode === 'auto' ? '' : ', each when an operator has admitted it'}; the fleet learns of it from the first of them
`
  return `wrote ${out}${boards.length === 0 ? '' : ` with what ${boards.length} boards have of their own`}: a secret, it holds the fleet's pre-shared key
${joins}next: burn ${out}/overlay into the image, or copy ${out} to a board and run: sh install.sh   (${out}/README.txt says how)
`
}
