// One figure from a board's Prometheus page.

import { request as httpRequest } from 'node:http'
import type { Agent } from './fleet.ts'

export async function metric(agent: Agent, name: string): Promise<number> {
  const text = await new Promise<string>((done, failed) => {
    const sent = httpRequest({ socketPath: agent.socket, path: '/metrics' }, (response) => {
      let data = ''
      response.on('data', (chunk: Buffer) => (data += chunk.toString()))
      response.on('end', () => done(data))
    })
    sent.on('error', failed)
    sent.end()
  })
  const line = text.split('\n').find((entry) => entry.startsWith(`${name} `) || entry.startsWith(`${name}{`))
  if (line === undefined) throw new Error(`${agent.name} has no metric ${name}`)
  return Number(line.slice(line.lastIndexOf(' ') + 1))
}
