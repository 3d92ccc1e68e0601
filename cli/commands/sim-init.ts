// `sim init`: writes a small, commented scenario and the job that it plays. It never overwrites.

import type { Command } from 'commander'
import { type Cli, local } from '../command.ts'
import { scenarioJob, scenarioTemplate } from '../scenario-file/template.ts'
import { writeNew } from '../write-new.ts'

export function addSimInit(parent: Command, cli: Cli): Command {
  const command = parent
    .command('init')
    .description('write a commented scenario to begin with, and its job')
    .option('--out <file>', 'file to write', 'scenario.yaml')
  return local<{ out: string }>(cli, command, async ({ options: { out } }) => {
    const job = `${out.replace(/\.ya?ml$/, '')}-job.yaml`
    const jobName = job.split('/').at(-1)!
    await writeNew(job, scenarioJob)
    await writeNew(out, scenarioTemplate(jobName))
    cli.io.stdout.write(`wrote ${out} and ${job}; next: shoal sim run ${out} --html ${out.replace(/\.ya?ml$/, '')}.html\n`)
  })
}
