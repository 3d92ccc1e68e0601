// `sim from-fleet`: writes the boards and jobs of a running pool as a scenario, to which a timeline is added by hand.

import { join } from 'node:path'
import type { Command } from 'commander'
import { type Cli, remote } from '../command.ts'
import { fleetScenario, scenarioFiles } from '../scenario/fleet-scenario.ts'
import { writeNew } from '../write-new.ts'

export function addSimFromFleet(parent: Command, cli: Cli): Command {
  const command = parent
    .command('from-fleet')
    .description('write the boards and jobs of a running pool as a scenario, with the copies where they are')
    .option('--out <folder>', 'folder to write to', 'fleet')
  return remote<{ out: string }>(cli, command, async (session, { options: { out } }) => {
    const made = await fleetScenario(session)
    for (const [file, text] of scenarioFiles(made)) await writeNew(join(out, file), text, 'name another folder with --out')
    const { boards, jobs } = made.data
    session.io.stdout.write(
      `wrote ${boards.length} boards and ${jobs.length} jobs; next: add a timeline to ${join(out, 'scenario.yaml')}\n`,
    )
  })
}
