// Runs one command line and comes to an exit code. Whatever goes wrong ends here: expected failures with code, words and hint;
// bugs with one line and how to see more. Never a stack trace in a user's face.

import { CommanderError } from 'commander'
import type { Cli } from './command.ts'
import { CliError, codeOf, wordsOf } from './errors.ts'
import { exitCodes } from './exit-codes.ts'
import type { Io } from './io.ts'
import { paintFor } from './print.ts'
import { buildProgram } from './program.ts'

export async function run(argv: readonly string[], io: Io): Promise<number> {
  const cli: Cli = { io, argv, exitCode: exitCodes.done }
  const isPlan = argv[0] === 'plan' || (argv[0] === 'job' && (argv[1] === 'plan' || (argv[1] === 'revert' && argv.includes('--plan'))))
  const errorCode = isPlan ? exitCodes.planError : argv[0] === 'doctor' ? exitCodes.doctorError : exitCodes.error
  try {
    await buildProgram(cli).parseAsync([...argv], { from: 'user' })
    return cli.exitCode
  } catch (error) {
    // commander has printed its own words already; exit code 0 is `--help`.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : errorCode
    sayError(io, error)
    const own = error instanceof CliError ? error.exitCode : exitCodes.error
    return own === exitCodes.error ? errorCode : own
  }
}

function sayError(io: Io, error: unknown): void {
  const { bad, dim } = paintFor(io, io.stderr)
  const isOurs = error instanceof CliError
  const details = isOurs ? error.details : []
  for (const line of details) io.stderr.write(`${line}\n`)
  const code = isOurs ? error.code : codeOf(error) || 'E_INTERNAL'
  io.stderr.write(`${bad(`error ${code}:`)} ${wordsOf(error)}\n`)
  const hint = isOurs ? error.hint : 'this is a fault of shoal, or of two versions that do not fit; SHOAL_DEBUG=1 shows where'
  if (hint !== null) io.stderr.write(dim(`hint: ${hint}\n`))
  if (!isOurs && io.env['SHOAL_DEBUG'] === '1' && error instanceof Error) io.stderr.write(`${error.stack ?? ''}\n`)
}
