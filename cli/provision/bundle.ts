// What boards are burned with: one folder for all of them, and small extras for each. Which files it has is decided here, as data;
// `write.ts` makes them.

import { join } from 'node:path'
import { stringify } from 'yaml'

/** A file: its text, or the file or folder that it is a copy of, or where a link leads. */
export type Content = { readonly text: string } | { readonly copyOf: string } | { readonly linkTo: string }

export interface BundleFile {
  /** Relative to the bundle. */
  readonly path: string
  readonly content: Content
  /** Holds a secret: for its owner alone. */
  readonly isSecret?: boolean
}

export interface BundleInput {
  /** The folder with the program (`dist/`). */
  readonly program: string
  /** The join file's text: the pre-shared key, the fleet, and the bootstrap list that all boards share. */
  readonly join: string
  readonly pool: string
  readonly labels: Readonly<Record<string, string>>
  readonly rawExec: boolean
  readonly listen: readonly string[]
  readonly boards: readonly string[]
}

/** What an agent on a board needs of the program's folder: other systems' prebuilds are left out. */
const programFiles = [
  'shoal',
  'shoal.mjs',
  'automerge_wasm_bg.wasm',
  ...['x64', 'arm64', 'arm'].map((machine) => `prebuilds/linux-${machine}`),
] as const

export function bundleFiles(input: BundleInput): BundleFile[] {
  const { program, join: joinText, boards } = input
  return [
    { path: 'README.txt', content: { text: readme(input) } },
    { path: 'install.sh', content: { copyOf: join(program, 'board/install.sh') } },
    ...programFiles.map((file) => ({ path: `overlay/opt/shoal/${file}`, content: { copyOf: join(program, file) } })),
    { path: 'overlay/usr/local/bin/shoal', content: { linkTo: '/opt/shoal/shoal' } },
    { path: 'overlay/etc/shoal/agent.yaml', content: { text: agentConfig(input) }, isSecret: true },
    { path: 'overlay/etc/shoal/join.json', content: { text: joinText }, isSecret: true },
    { path: 'overlay/etc/systemd/system/shoal.service', content: { copyOf: join(program, 'board/shoal.service') } },
    { path: 'overlay/etc/systemd/system/multi-user.target.wants/shoal.service', content: { linkTo: '../shoal.service' } },
    ...boards.map((name) => ({ path: `boards/${name}/board.yaml`, content: { text: boardConfig(name) }, isSecret: true })),
  ]
}

function agentConfig({ pool, labels, rawExec, listen }: BundleInput): string {
  const config = {
    join: 'join.json',
    data_dir: '/var/lib/shoal',
    pool,
    ...(listen.length > 0 && { listen }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(rawExec && { drivers: { raw_exec: { enabled: true } } }),
  }
  return `# The same on every board. What a board has of its own (name, labels …) goes into board.yaml beside this file, which is stronger.\n${stringify(config)}`
}

function boardConfig(name: string): string {
  return `# This board's own settings; stronger than agent.yaml. labels: { … } may be added here.\n${stringify({ name })}`
}

function readme({ pool, boards }: BundleInput): string {
  const [first = 'NAME'] = boards
  return `shoal for the boards of pool ${pool}. The same folder serves every board; it holds the fleet's pre-shared key and is a secret.

SD card image    copy overlay/ onto the root file system as root:   cp -a overlay/. /mnt/sd/ && chown -R root:root /mnt/sd/opt/shoal /mnt/sd/etc/shoal
                 or: DESTDIR=/mnt/sd sh install.sh
a running board  copy this folder there, then as root:              sh install.sh${boards.length === 0 ? '' : `\nits own name      sh install.sh --board ${first}   (boards/ has one folder for each; a board without takes its host name)`}

Nobody has to log in: a board makes its own key at its first start and joins through the addresses in overlay/etc/shoal/join.json.
An image must not hold /var/lib/shoal: a key that two boards share makes them one.
`
}
