// Artifacts in job specifications, and a server that hands out files as servers on bad links do.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { artifactDefaults } from '../../crdt/documents/defaults.ts'
import type { ArtifactSpec } from '../../crdt/given-files.ts'

export const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')

export function artifact(changes: Partial<ArtifactSpec> = {}): ArtifactSpec {
  return {
    destination: 'bin/app',
    source: 'https://files.example/app',
    checksum: `sha256:${sha256Of('app')}`,
    ...artifactDefaults,
    ...changes,
  }
}

export interface FileServer {
  readonly url: string
  /** By path. Bytes are handed out whole or from where they are asked for; a function does what it likes. */
  readonly files: Map<string, Buffer | ((request: IncomingMessage, response: ServerResponse) => void)>
  /** `GET /a`, or `GET /a bytes=3-`. */
  readonly asked: string[]
  close(): Promise<void>
}

export async function fileServer(): Promise<FileServer> {
  const files: FileServer['files'] = new Map()
  const asked: string[] = []
  const server = createServer((request, response) => {
    const { range } = request.headers
    asked.push(`${request.method} ${request.url}${range === undefined ? '' : ` ${range}`}`)
    const file = files.get(request.url ?? '')
    if (file === undefined) return void response.writeHead(404).end()
    if (typeof file === 'function') return file(request, response)
    sendFile(file, range, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    files,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

export function sendFile(bytes: Buffer, range: string | undefined, response: ServerResponse): void {
  const first = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  if (range !== undefined && first >= bytes.length) return void response.writeHead(416).end()
  const rest = bytes.subarray(first)
  const said = { 'content-length': rest.length, 'content-range': `bytes ${first}-${bytes.length - 1}/${bytes.length}` }
  response.writeHead(range === undefined ? 200 : 206, said).end(rest)
}
