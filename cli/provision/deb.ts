// The bundle as Debian packages, one for each architecture: program, unit and the fleet's configuration. Made without root and without
// dpkg. What happens at installation and removal is in deploy/deb/.

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { entriesOf } from './archive.ts'
import { ar } from './ar.ts'
import type { BundleInput, Parts } from './bundle.ts'
import type { BundleFile } from './files.ts'
import { type TarEntry, tar } from '../../node/adapters/tar.ts'

interface Architecture {
  /** As prebuilds name it; for armhf it holds both armv6 (Raspbian) and armv7 (Debian). */
  readonly machine: string
  /** What the prebuilt LevelDB is linked against: its symbols' newest versions. */
  readonly libraries: string
}

const architectures: Readonly<Record<string, Architecture>> = {
  amd64: { machine: 'x64', libraries: 'libc6 (>= 2.28), libstdc++6 (>= 5.2)' },
  arm64: { machine: 'arm64', libraries: 'libc6 (>= 2.17), libstdc++6 (>= 5.2)' },
  armhf: { machine: 'arm', libraries: 'libc6 (>= 2.34), libstdc++6 (>= 11)' },
}
const scripts = ['postinst', 'prerm', 'postrm'] as const

export function debFiles(input: BundleInput, parts: Parts): BundleFile[] {
  return Object.entries(architectures).map(([name, architecture]) => ({
    path: `deb/shoal_${versionOf(input)}_${name}.deb`,
    content: { made: async () => await packageOf(input, parts, name, architecture) },
    isSecret: true,
  }))
}

/** Every bundle's is newer than those of the bundles before it, also when only the configuration is. */
function versionOf({ version, madeAt }: BundleInput): string {
  const time = new Date(madeAt * 1000).toISOString().replaceAll(/\D/g, '').slice(0, 'yyyymmddhhmmss'.length)
  return `${version}-${time}`
}

async function packageOf(input: BundleInput, parts: Parts, name: string, architecture: Architecture): Promise<Uint8Array> {
  const files = await entriesOf(
    [
      ...parts.program([architecture.machine]),
      { path: 'usr/bin/shoal', content: { linkTo: '/opt/shoal/shoal' } },
      ...parts.config,
      ...parts.unit('usr/lib/systemd/system'),
    ],
    './',
  )
  const control: BundleFile[] = [
    { path: 'control', content: { text: controlText(input, name, architecture, sizeOf(files)) } },
    // What an owner has changed there is asked about, not overwritten.
    { path: 'conffiles', content: { text: parts.config.map(({ path }) => `/${path}\n`).join('') } },
    { path: 'md5sums', content: { text: sumsOf(files) } },
  ]
  const entries = [
    ...(await entriesOf(control, './')),
    ...(await Promise.all(scripts.map(async (script) => await scriptOf(input, script)))),
  ]
  const packed = async (contents: readonly TarEntry[]): Promise<Buffer> => await promisify(gzip)(tar(contents, input.madeAt))
  const members = [
    { name: 'debian-binary', bytes: Buffer.from('2.0\n') },
    { name: 'control.tar.gz', bytes: await packed(entries) },
    { name: 'data.tar.gz', bytes: await packed(files) },
  ]
  return ar(members, input.madeAt)
}

function controlText(input: BundleInput, name: string, { libraries }: Architecture, bytes: number): string {
  return `Package: shoal
Version: ${versionOf(input)}
Architecture: ${name}
Maintainer: operators of the fleet <root@localhost>
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: nodejs (>= 20.19), ${libraries}
Suggests: docker.io | podman
Section: admin
Priority: optional
Description: scheduler for containers and processes, without a server
 The agent of this fleet's boards in pool ${input.pool}, with what it needs to join.
 The package holds the fleet's pre-shared key: it is a secret.
`
}

/** When the package is purged, nothing of the program is there any more: what a script sources is put into it. */
async function scriptOf({ program }: BundleInput, name: string): Promise<TarEntry> {
  const text = await readFile(join(program, 'board/deb', name), 'utf8')
  const shared = await readFile(join(program, 'end-tasks.sh'), 'utf8')
  return { kind: 'file', path: `./${name}`, mode: 0o755, bytes: Buffer.from(text.replace('. ./end-tasks.sh\n', () => shared)) }
}

function sizeOf(files: readonly TarEntry[]): number {
  return files.reduce((sum, file) => sum + (file.kind === 'file' ? file.bytes.length : 0), 0)
}

/** For `dpkg --verify`; configuration is not among them. */
function sumsOf(files: readonly TarEntry[]): string {
  const lines = files.flatMap((file) => {
    const path = file.path.slice('./'.length)
    if (file.kind !== 'file' || path.startsWith('etc/')) return []
    return [`${createHash('md5').update(file.bytes).digest('hex')}  ${path}\n`]
  })
  return lines.join('')
}
