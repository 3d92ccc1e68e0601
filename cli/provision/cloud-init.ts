// The bundle as user-data for cloud-init: the installer and all that it needs in one archive, and the command that runs it. It is as large
// as the program, so it is for seeds without a limit (NoCloud: SD cards, seed images), not for a cloud's metadata service.

import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { stringify } from 'yaml'
import { entriesOf } from './archive.ts'
import type { BundleInput, Parts } from './bundle.ts'
import type { BundleFile } from './files.ts'
import { tar } from '../../node/adapters/tar.ts'

const place = '/run/shoal-bundle'

export function cloudInitFiles({ boards, madeAt }: BundleInput, { installer }: Parts): BundleFile[] {
  const made = async (): Promise<Uint8Array> => Buffer.from(userData(await promisify(gzip)(tar(await entriesOf(installer), madeAt))))
  return [
    { path: 'cloud-init/user-data', content: { made }, isSecret: true },
    // A seed without one is none. The host's name is the board's, and picks what boards/ has for it.
    { path: 'cloud-init/meta-data', content: { text: metaData('shoal-board') } },
    ...boards.map((name) => ({ path: `boards/${name}/meta-data`, content: { text: metaData(name, name) } })),
  ]
}

function userData(archive: Buffer): string {
  const words = `#cloud-config
# A secret: it holds the fleet's pre-shared key and a join token. cloud-init keeps a copy that only root reads, but a metadata service
# gives it to every process that asks, those of jobs included: use it as a seed on the board's own disk, not as a cloud's user-data.
# The image needs Node.js 20.19 or later. Where it has none and the network is there:
# packages: [nodejs]
`
  const install = `mkdir -m 700 ${place} && tar -xf ${place}.tar -C ${place} && sh ${place}/install.sh && rm -rf ${place} ${place}.tar`
  const file = { path: `${place}.tar`, owner: 'root:root', permissions: '0600', encoding: 'gz+b64' }
  const lines = archive.toString('base64').match(/.{1,76}/g) ?? []
  const files = `write_files:\n  - ${stringify(file).trimEnd().replaceAll('\n', '\n    ')}\n    content: |\n`
  return `${words}${files}${lines.map((line) => `      ${line}\n`).join('')}${stringify({ runcmd: [['sh', '-c', install]] }, { lineWidth: 0 })}`
}

function metaData(id: string, hostName?: string): string {
  return stringify({ 'instance-id': id, ...(hostName !== undefined && { 'local-hostname': hostName }) })
}
