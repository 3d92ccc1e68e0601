// `fleet join-file`: brings a join file up to date. For boards that are set up from now on; and for one that slept through a rotation of the
// pre-shared key, for which it is the way back.

import type { Command } from 'commander'
import { type Cli, remoteAboutFleet } from '../command.ts'
import { currentJoinFile } from '../fleet/current-join-file.ts'
import { joinText, parseJoinFile } from '../fleet/fleet-files.ts'
import { replaceSecret } from '../fleet/psk-file.ts'
import { readTextFile } from '../text-file.ts'

export function addFleetJoinFile(parent: Command, cli: Cli): void {
  const command = parent
    .command('join-file')
    .description('bring a join file up to date: the newest pre-shared key, the bootstrap list, the fleet document')
    .argument('<file>', 'the join file, which is replaced')
  remoteAboutFleet(cli, command, async (session, { args: [file = ''] }) => {
    const join = await currentJoinFile(session, parseJoinFile(file, await readTextFile(session.io, file)))
    await replaceSecret(file, joinText(join))
    session.io.stdout.write(`${file} is up to date: new boards join with it as before
a board that lost the fleet with the old key   put it there as its join file, and start the agent again
`)
  })
}
