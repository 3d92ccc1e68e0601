// `completion`: a script for the shell, made from the commands that there are. Static: it asks no peer while you type.

import { Argument, type Command } from 'commander'
import { type Cli, local } from '../command.ts'
import { shells, type CommandWords, completionScript } from '../completion-script.ts'

export function addCompletion(parent: Command, cli: Cli): Command {
  const command = parent
    .command('completion')
    .description('print a completion script, for example: source <(shoal completion bash)')
    .addArgument(new Argument('<shell>', 'which shell').choices([...shells]))
  return local(cli, command, async ({ args: [shell = ''] }) => {
    cli.io.stdout.write(completionScript(shell as (typeof shells)[number], wordsOf(parent)))
  })
}

/** Every command path with the words that may follow it. */
export function wordsOf(program: Command): readonly CommandWords[] {
  const found: CommandWords[] = []
  const visit = (command: Command, path: readonly string[]): void => {
    const commands = command.commands.map((one) => ({ name: one.name(), about: one.description() }))
    const options = command.options.map((one) => ({ name: one.long ?? one.short ?? '', about: one.description, takesValue: one.required }))
    found.push({ path, commands, options, takesFile: command.registeredArguments.some((one) => one.name() === 'file') })
    for (const one of command.commands) visit(one, [...path, one.name()])
  }
  visit(program, [])
  return found
}
