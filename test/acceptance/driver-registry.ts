// A registry of one image for tests, on loopback (which engines use without TLS). It can want a login and can stop in the middle
// of a layer, and it remembers what it was asked for.

import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'

export interface TestRegistry {
  /** `127.0.0.1:port` */
  readonly host: string
  readonly asked: string[]
  close(): Promise<void>
}

export interface RegistryOptions {
  readonly image: string
  readonly tag: string
  readonly login?: { readonly username: string; readonly password: string }
  /** Sends only the beginning of the layer. */
  readonly hangs?: boolean
}

interface Blob {
  readonly bytes: Buffer
  readonly digest: string
}

export async function startRegistry(options: RegistryOptions): Promise<TestRegistry> {
  const blobs = imageBlobs(options)
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(options, blobs, request, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function answer(options: RegistryOptions, blobs: ReturnType<typeof imageBlobs>, request: IncomingMessage, response: ServerResponse): void {
  const { login, image, tag } = options
  const expected = login === undefined ? undefined : `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`
  if (expected !== undefined && request.headers.authorization !== expected) {
    response
      .writeHead(401, { 'www-authenticate': 'Basic realm="test"' })
      .end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
    return
  }
  const { manifest, config, layer } = blobs
  const path = request.url ?? ''
  if (path === '/v2/') response.end('{}')
  else if (path === `/v2/${image}/manifests/${tag}` || path === `/v2/${image}/manifests/${manifest.digest}`)
    send(response, manifest, manifestType)
  else if (path === `/v2/${image}/blobs/${config.digest}`) send(response, config, 'application/octet-stream')
  else if (path === `/v2/${image}/blobs/${layer.digest}`) send(response, layer, 'application/octet-stream', options.hangs)
  else response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')
}

const manifestType = 'application/vnd.docker.distribution.manifest.v2+json'

function send(response: ServerResponse, blob: Blob, type: string, hangs = false): void {
  response.writeHead(200, { 'content-type': type, 'content-length': blob.bytes.length, 'docker-content-digest': blob.digest })
  if (hangs) response.write(blob.bytes.subarray(0, 100))
  else response.end(blob.bytes)
}

function imageBlobs({ image, tag }: RegistryOptions): { manifest: Blob; config: Blob; layer: Blob } {
  // Two empty blocks end an archive: this one holds nothing; the name makes it another image than its neighbours.
  const tar = Buffer.alloc(1024)
  const layer = blobOf(gzipSync(tar))
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const diff = `sha256:${createHash('sha256').update(tar).digest('hex')}`
  const labels = { name: `${image}:${tag}` }
  const config = blobOf(
    JSON.stringify({ architecture, os: 'linux', config: { Cmd: ['/x'], Labels: labels }, rootfs: { type: 'layers', diff_ids: [diff] } }),
  )
  const entry = (blob: Blob, mediaType: string): object => ({ mediaType, size: blob.bytes.length, digest: blob.digest })
  const manifest = blobOf(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: entry(config, 'application/vnd.docker.container.image.v1+json'),
      layers: [entry(layer, 'application/vnd.docker.image.rootfs.diff.tar.gzip')],
    }),
  )
  return { manifest, config, layer }
}

function blobOf(content: string | Buffer): Blob {
  const bytes = Buffer.from(content)
  return { bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` }
}
