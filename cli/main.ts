#!/usr/bin/env node
// The `shoal` executable: one command line in, one exit code out. Ctrl-C, SIGTERM or a terminal that is closed
// ends what is being waited for; a second such signal ends the process at once.

import { exitCodes } from './exit-codes.ts'
import { processIo } from './process-io.ts'

const echoMs = 500
let interruptedAt = 0
const interrupt = new AbortController()
const argv = process.argv.slice(2)
// The agent has its own way to end.
if (argv[0] !== 'agent') for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, interrupted)
// `shoal … | head` closes our output: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await start()

/** npm, npx and shells pass on to us what the terminal has sent us already: so soon after the first it is no second one. */
function interrupted(signal: NodeJS.Signals): void {
  if (interrupt.signal.aborted && performance.now() - interruptedAt > echoMs) endHard(signal)
  if (interrupt.signal.aborted) return
  interruptedAt = performance.now()
  interrupt.abort()
}

/** `process.exit` waits for files that are being opened: for ever, if that is a named pipe to which nobody writes. So its listeners are called here. */
function endHard(signal: NodeJS.Signals): void {
  process.emit('exit', exitCodes.interrupted)
  process.removeAllListeners(signal)
  process.kill(process.pid, signal)
}

/** An agent lives for months and does without the commands (1 MB and some start time), except to make itself a fleet for trying out. */
async function start(): Promise<number> {
  if (argv[0] === 'agent' && !argv.some((word) => word.startsWith('--dev'))) {
    const { runAgent } = await import('../node/main.ts')
    return await runAgent(argv.slice(1))
  }
  const { run } = await import('./run.ts')
  return await run(argv, processIo(interrupt.signal))
}
