// `job dispatch`: makes a job from a parameterized one, with metadata and a payload, and follows it as `job run` does.

import { type Command, InvalidArgumentError } from 'commander'
import { hex } from '../../crdt/ids.ts'
import { type Cli, remote } from '../command.ts'
import { type Dispatch, editDispatched } from '../job/dispatch.ts'
import { parseJob, shortJob } from '../job/job-ref.ts'
import { type RunOptions, mustWaitOnce, runEdit, runOptions } from '../job/run-edit.ts'
import { readWholeFile } from '../text-file.ts'

interface Options extends RunOptions {
  readonly meta?: Readonly<Record<string, string>>
  readonly payload?: string
  readonly idempotencyToken?: string
}

/** Of a token that nobody gave: no two dispatches have it in common. */
const tokenBytes = 16
/** Longer ones are no ids of anything. */
const tokenCharactersMax = 256

export function addJobDispatch(parent: Command, cli: Cli): Command {
  const command = parent
    .command('dispatch')
    .description('run a parameterized job once, with metadata and a payload of its own, and follow it')
    .argument('<job>', 'NAME or NAMESPACE/NAME')
    .option('--meta <key=value>', 'metadata that the job asks for or allows (may be repeated)', collectMeta)
    .option('--payload <file>', 'what its tasks get as a file, at most 16 KiB; - reads standard input')
    .option('--idempotency-token <token>', 'dispatched twice with one token, also on two sides of a split, it is one job', parseToken)
  return remote<Options>(cli, runOptions(command), async (session, { args: [name = ''], options }) => {
    mustWaitOnce(options)
    const job = parseJob(name)
    const dispatch: Dispatch = {
      meta: options.meta ?? {},
      payload: options.payload === undefined ? null : await readWholeFile(session.io, options.payload),
      token: options.idempotencyToken ?? hex(session.io.random(tokenBytes)),
    }
    const made = await editDispatched(session, job, dispatch)
    const isNew = made.edit.before.changeCount === 0
    return await runEdit(session, made, `${isNew ? 'is dispatched' : 'was dispatched before'} from ${shortJob(job)}`, options)
  })
}

function collectMeta(text: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('allowed: KEY=VALUE.')
  const key = text.slice(0, at)
  if (Object.hasOwn(before, key)) throw new InvalidArgumentError(`allowed: each key once; found ${key} twice.`)
  return { ...before, [key]: text.slice(at + 1) }
}

function parseToken(text: string): string {
  if (text === '' || text.length > tokenCharactersMax) throw new InvalidArgumentError(`allowed: 1 to ${tokenCharactersMax} characters.`)
  return text
}
