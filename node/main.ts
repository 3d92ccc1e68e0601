// `shoal agent`: configuration, log, signals, exit codes. 0: stopped on request. 1: cannot start, with the reason. 70: a bug in the core
// was found; a supervisor starts the agent anew, and its tasks, which never stopped, are adopted. 69: the board has left its
// fleet; no supervisor is to start it again.

import { createLog, type Log } from './adapters/log.ts'
import { nodeNameOf } from './adapters/host.ts'
import { createServiceNotify } from './adapters/service-notify.ts'
import { AssertionError } from '../crdt/errors.ts'
import { hostname } from 'node:os'
import { AgentError, type RunningAgent, startAgent } from './agent.ts'
import { loadConfig } from './config.ts'
import { usage } from './config-sources.ts'
import { wordsOf } from './words.ts'

/** As in sysexits.h: an internal software error. */
const exitBug = 70
/** As in sysexits.h: a service that is not there any more. `deploy/shoal.service` knows it. */
const exitLeft = 69
/** A stop that takes longer than this is cut off; what was acknowledged is on disk. */
const stopMsMax = 10_000
/** A signal that comes again so soon is the same one. */
const echoMs = 500

/** `argv`: the words after `agent`. Resolves with the exit code when the agent has ended. */
export async function runAgent(argv: readonly string[]): Promise<number> {
  const loaded = loadConfig(argv, process.env)
  if (!loaded.ok) return failed(loaded.code, loaded.message)
  if (loaded.value.kind === 'help') {
    process.stdout.write(usage())
    return 0
  }
  const { config } = loaded.value
  const name = config.name ?? nodeNameOf(hostname())
  const log = createLog({ level: config.log.level, name, isTerminal: process.stderr.isTTY === true })
  const stopAsked = signalled(['SIGTERM', 'SIGINT'], log)
  catchStrays(log)
  let onLeft = (): void => undefined
  const left = new Promise<void>((resolve) => (onLeft = resolve))
  let agent: RunningAgent
  try {
    agent = await startAgent(config, { log, onFatal: (error) => dieOf(error, log), onLeft: () => onLeft() })
  } catch (error) {
    if (error instanceof AssertionError) dieOf(error, log)
    const code = error instanceof AgentError || hasCode(error) ? error.code : 'E_AGENT'
    const exitCode = failed(code, wordsOf(error))
    return leave(code === 'E_LEFT' ? exitLeft : exitCode)
  }
  const service = createServiceNotify(process.env, log)
  service.ready()
  await Promise.race([stopAsked, left])
  service.stopping()
  await agent.stop()
  return leave(0)
}

function failed(code: string, message: string): number {
  process.stderr.write(`${code}: ${message}\n`)
  return 1
}

/** Sockets of the libraries may linger for a while: nobody waits for them. */
function leave(code: number): number {
  setTimeout(() => process.exit(code), 500).unref()
  return code
}

function signalled(signals: readonly NodeJS.Signals[], log: Log): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null
    for (const signal of signals) {
      process.on(signal, () => {
        // npm and npx pass on what the terminal has sent us already: that is no second wish.
        if (askedAt !== null && performance.now() - askedAt > echoMs) process.exit(1)
        if (askedAt !== null) return
        askedAt = performance.now()
        log.info({ signal }, 'stopping')
        // From here on, whatever hangs: also an agent that has not come up yet can be stopped.
        setTimeout(() => process.exit(0), stopMsMax).unref()
        resolve()
      })
    }
  })
}

/** Libraries throw from timers and sockets: that is their trouble, told and gone. A failed assertion is ours. */
function catchStrays(log: Log): void {
  const stray = (error: unknown): void => {
    if (error instanceof AssertionError) dieOf(error, log)
    log.error({ error: error instanceof Error ? error.stack : String(error) }, 'an error that nobody caught')
  }
  process.on('uncaughtException', stray)
  process.on('unhandledRejection', stray)
}

function dieOf(error: unknown, log: Log): never {
  log.error(
    { error: error instanceof Error ? error.stack : String(error) },
    'a bug in shoal: the agent ends, tasks run on; please report it',
  )
  process.exit(exitBug)
}

function hasCode(error: unknown): error is { code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string'
}
