// `doctor`: what is wrong with links and boards, said by one board and by those that it reaches. Its exit codes are its own.

import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import { printReply } from '../print.ts'
import type { ReplyOf } from '../peers/client.ts'
import { doctorText } from '../render/doctor.ts'

interface Options {
  readonly matrix?: boolean
}

export function addDoctor(parent: Command, cli: Cli): Command {
  const command = parent
    .command('doctor')
    .description('what is wrong: between whom, in which direction, since when, and what to do (exit codes 0 to 3)')
    .option('--matrix', 'who hears whom, row by row, and the boards that were examined')
  return remote<Options>(cli, command, async (session, { options }) => {
    const reply = await session.ask('doctor', { method: 'doctor' })
    printReply(session, reply, (shown, paint) => doctorText(shown, paint, options.matrix === true))
    return exitCodeOf(reply)
  })
}

function exitCodeOf({ diagnosis }: ReplyOf<'doctor'>): ExitCode {
  const has = (severity: string): boolean => diagnosis.findings.some((finding) => finding.severity === severity)
  if (has('critical')) return exitCodes.doctorCritical
  return has('warning') ? exitCodes.doctorWarning : exitCodes.doctorHealthy
}
