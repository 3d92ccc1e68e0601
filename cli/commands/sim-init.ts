// `sim init`: writes a small, commented scenario and the job that it plays. It never overwrites.

import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { type Cli, local } from '../command.ts'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import { scenarioJob, scenarioTemplate } from '../scenario-file/template.ts'

export function addSimInit(parent: Command, cli: Cli): Command {
  const command = parent
    .command('init')
    .description('write a commented scenario to begin with, and its job')
    .option('--out <file>', 'file to write', 'scenario.yaml')
  return local<{ out: string }>(cli, command, async ({ options: { out } }) => {
    const job = `${out.replace(/\.ya?ml$/, '')}-job.yaml`
    const jobName = job.split('/').at(-1)!
    await write(job, scenarioJob)
    await write(out, scenarioTemplate(jobName))
    cli.io.stdout.write(`wrote ${out} and ${job}; next: shoal sim run ${out} --html ${out.replace(/\.ya?ml$/, '')}.html\n`)
  })
}

async function write(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new CliError('E_EXISTS', `'${file}' is there already`, { hint: 'name another file with --out' })
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
