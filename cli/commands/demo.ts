// `shoal demo`: what `npm start` runs. See `demo/story.ts`.

import { dirname } from 'node:path'
import type { Command } from 'commander'
import { type Cli, local } from '../command.ts'
import { Mesh } from '../demo/mesh.ts'
import { Story } from '../demo/story.ts'
import { type ExitCode, exitCodes } from '../exit-codes.ts'
import type { Io } from '../io.ts'

export function addDemo(parent: Command, cli: Cli): Command {
  const command = parent
    .command('demo')
    .description('three agents on this machine: place a job, cut a board off, heal, see which copy stays')
    .option('-y, --yes', 'unattended: stop at the end, fail if anything went differently from what it says')
  return local<{ yes?: boolean }>(cli, command, async ({ options }) => await runDemo(cli.io, options.yes === true))
}

async function runDemo(io: Io, isUnattended: boolean): Promise<ExitCode> {
  const mesh = await Mesh.create(io)
  const story = new Story(io, mesh)
  try {
    await story.tell()
    if (!isUnattended) await stay(io, mesh, story)
    return exitCodes.done
  } finally {
    await mesh.heal()
    await mesh.shoal('job', 'remove', 'hello').catch(() => undefined)
    await mesh.stop()
  }
}

/** The mesh stays up until Ctrl-C. */
async function stay(io: Io, mesh: Mesh, story: Story): Promise<void> {
  const program = `${dirname(process.argv[1] ?? '.')}/shoal`
  story.say('The mesh stays up for you to play with. In another terminal:')
  io.stdout.write(
    [
      `    export SHOAL_CONFIG_DIR=${mesh.folder}/operator`,
      `    alias shoal='${program}'`,
      '    shoal status',
      '    shoal alloc status',
      '    shoal job explain hello',
      '    shoal alloc logs -f ALLOC',
      `    shoal job run ${mesh.folder}/hello.yaml     # after changing it`,
      `    kill -9 ${mesh.boards[0]?.process.pid}   # the agent of ${mesh.boards[0]?.name}; its tasks live on`,
      '',
      'Ctrl-C stops everything and cleans up.',
      '',
    ].join('\n'),
  )
  await new Promise<void>((resolve) => {
    if (io.signal.aborted) resolve()
    io.signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
