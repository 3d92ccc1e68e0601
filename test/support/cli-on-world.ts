// The real command line against simulated boards: what an operator types is judged and answered by the core, in virtual time.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { ApiClient } from '../../cli/io.ts'
import type { Request } from '../../crdt/api-types.ts'
import type { Board, World } from '../../simulator/world.ts'
import { type TestCli, testCli } from './cli-io.ts'
import { testSecret } from './crypto.ts'
import { fleet, operatorSeed } from './world.ts'

/**
 * Command lines of the world's operator, or of another key. `peer()`: the board that answers. `caller`: whose key the connection shows; without
 * one it is the board's own socket.
 */
export async function cliOnWorld(
  world: World,
  peer: () => Board,
  seed = operatorSeed,
  of: string = fleet,
  caller: string | null = null,
): Promise<TestCli> {
  const cli = await testCli(async () => connect(world, peer(), caller))
  await writeFile(join(cli.dir, 'operator.key'), testSecret(seed).toString('hex'), { mode: 0o600 })
  const context = { fleet: of, psk: 'psk', key: 'operator.key', peers: ['board:1'] }
  await writeFile(join(cli.dir, 'psk'), 'ab'.repeat(32), { mode: 0o600 })
  await writeFile(join(cli.dir, 'config.yaml'), JSON.stringify({ current: 'test', contexts: { test: context } }))
  return cli
}

function connect(world: World, board: Board, caller: string | null): ApiClient {
  return {
    peer: board.spec.name,
    close: async () => undefined,
    async *request(body) {
      const request = JSON.parse(new TextDecoder().decode(body)) as Request
      const asked = world.ask(board, request, caller)
      // Another pool's boards answer a little later, and an examination asks several.
      if (!asked.isOver) world.run(request.method === 'doctor' ? 5_000 : 100)
      for (const reply of asked.replies) yield new TextEncoder().encode(JSON.stringify(reply))
    },
  }
}
