// `sim from-fleet`: writes the boards and jobs of a running pool as a scenario, to which a timeline is added by hand.

import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { CliError, codeOf, wordsOf } from '../errors.ts'
import { fleetScenario, scenarioFiles } from '../fleet-scenario.ts'

export function addSimFromFleet(parent: Command, cli: Cli): Command {
  const command = parent
    .command('from-fleet')
    .description('write the boards and jobs of a running pool as a scenario')
    .option('--out <folder>', 'folder to write to', 'fleet')
  return remote<{ out: string }>(cli, command, async (session, { options: { out } }) => {
    const made = await fleetScenario(session)
    for (const [file, text] of scenarioFiles(made)) await write(join(out, file), text)
    const { boards, jobs } = made.data
    session.io.stdout.write(
      `wrote ${boards.length} boards and ${jobs.length} jobs; next: add a timeline to ${join(out, 'scenario.yaml')}\n`,
    )
  })
}

/** Never over a file that somebody may have edited. */
async function write(file: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new CliError('E_EXISTS', `'${file}' is there already`, { hint: 'name another folder with --out' })
    throw new CliError('E_FILE', `cannot write '${file}': ${wordsOf(error)}`)
  }
}
