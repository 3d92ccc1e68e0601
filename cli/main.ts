#!/usr/bin/env node
// The `shoal` executable: one command line in, one exit code out. Ctrl-C ends what is being waited for; a second one ends the
// process at once.

import { processIo } from './process-io.ts'
import { run } from './run.ts'

const interrupt = new AbortController()
const argv = process.argv.slice(2)
// The agent has its own way to end.
if (argv[0] !== 'agent') process.once('SIGINT', () => interrupt.abort())
// `shoal … | head` closes our output: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))
process.exitCode = await run(argv, processIo(interrupt.signal))
