// `job init`: writes a small, commented job file to begin with. It never overwrites.

import type { Command } from 'commander'
import { isName, nameRule } from '../../crdt/ids.ts'
import { type Cli, local } from '../command.ts'
import { CliError } from '../errors.ts'
import { jobTemplate } from '../job-file/template.ts'
import { writeNew } from '../write-new.ts'

export function addJobInit(parent: Command, cli: Cli): Command {
  const command = parent
    .command('init')
    .description('write a commented job file to begin with')
    .argument('[name]', 'name of the job', 'hello')
    .option('--out <file>', 'file to write (default: NAME.yaml)')
    .option('--docker', 'a container instead of a plain process')
  return local<{ out?: string; docker?: boolean }>(cli, command, async ({ args: [name = ''], options }) => {
    if (!isName(name)) throw new CliError('E_JOB_NAME', `'${name}' is not a job's name (${nameRule})`)
    const file = options.out ?? `${name}.yaml`
    await writeNew(file, jobTemplate(name, options.docker === true ? 'docker' : 'raw_exec'))
    cli.io.stdout.write(`wrote ${file}; next: shoal job plan ${file}\n`)
  })
}
