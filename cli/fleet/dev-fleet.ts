// `shoal agent --dev` without a join file: a fleet of its own for trying things out, made on first use and found again after that, as
// `nomad agent -dev` does it. Its context becomes the current one, so that the CLI in the next terminal just works.

import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { makeFleet } from '../commands/fleet-init.ts'
import { configDir } from '../peers/config-dir.ts'
import type { Io } from '../io.ts'

const name = 'dev'
const listen = '/ip4/127.0.0.1/tcp/7420'

/** The arguments that make an agent of the throw-away fleet; unchanged when the caller says where to join. */
export async function devArguments(io: Io, args: readonly string[]): Promise<readonly string[]> {
  const says = (option: string): boolean => args.some((one) => one === option || one.startsWith(`${option}=`))
  const isOwn =
    says('--join') ||
    says('--config') ||
    io.env['SHOAL_JOIN'] !== undefined ||
    io.env['SHOAL_CONFIG'] !== undefined ||
    io.env['SHOAL_DATA_DIR'] !== undefined
  if (!says('--dev') || isOwn || says('--help')) return args
  const folder = join(configDir(io.env), name)
  const joinFile = join(folder, `${name}.join.json`)
  if (!(await isThere(joinFile))) {
    const { keyFile } = await makeFleet(io, name, { out: joinFile, peer: [listen], open: true })
    io.stdout.write(`fleet ${name} is made, for trying things out; your key is ${keyFile}\n`)
    // Its address is in the arguments only, and may be one that nobody dials.
    if (says('--listen')) io.stdout.write('tell shoal where the agent is  shoal context peers HOST:PORT\n')
    io.stdout.write('in another terminal            shoal status\n')
    io.stdout.write('a first job                    shoal job init hello && shoal job run hello.yaml\n')
  }
  return [
    ...args,
    '--join',
    joinFile,
    ...(says('--data-dir') ? [] : ['--data-dir', join(folder, 'data')]),
    ...(says('--listen') ? [] : ['--listen', listen]),
  ]
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  )
}
