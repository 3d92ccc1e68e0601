// Real agents on loopback for the benches.

import { request as httpRequest } from 'node:http'
import type { Reply, Request } from '../../crdt/api-types.ts'
import { Fleet, type Agent, aliveOn, until } from '../../test/e2e/support/fleet.ts'

export interface MeshOptions {
  readonly count: number
  readonly firstPort: number
  readonly config?: Readonly<Record<string, unknown>>
}

export async function startMesh(options: MeshOptions): Promise<{ fleet: Fleet; agents: Agent[] }> {
  const fleet = new Fleet()
  const address = (index: number): string => `/ip4/127.0.0.1/tcp/${options.firstPort + index}`
  await fleet.init([0, 1].filter((index) => index < options.count).map(address))
  const agents = Array.from({ length: options.count }, (_, index) =>
    fleet.start(`n${index}`, { listen: address(index), ...(options.config === undefined ? {} : { config: options.config }) }),
  )
  await until(`${options.count} boards see each other`, 180_000, async () =>
    (await Promise.all(agents.map(aliveOn))).every((alive) => alive.length === options.count),
  )
  return { fleet, agents }
}

/** Replies as they come; ends when `enough` says so or the peer ends. */
export async function follow(agent: Agent, body: Request, enough: (reply: Reply) => boolean): Promise<Reply> {
  return await new Promise((done, failed) => {
    const sent = httpRequest({ socketPath: agent.socket, method: 'POST', path: '/v1/api' }, (response) => {
      let held = ''
      let last = 'nothing'
      response.on('data', (chunk: Buffer) => {
        held += chunk.toString()
        const lines = held.split('\n')
        held = lines.pop() ?? ''
        for (const line of lines) {
          if (line === '') continue
          last = line.slice(0, 1500)
          const reply = JSON.parse(line) as Reply
          if (!enough(reply)) continue
          done(reply)
          sent.destroy()
          return
        }
      })
      response.on('end', () => failed(new Error(`${agent.name} ended the answer to ${body.method} early, after ${last}`)))
      response.on('error', () => undefined)
    })
    sent.on('error', (error) => failed(error))
    sent.end(JSON.stringify(body))
  })
}
