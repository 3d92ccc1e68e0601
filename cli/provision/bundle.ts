// What boards are burned with: one folder for all of them, and small extras for each. Which files it has is decided here, as data;
// `write.ts` makes them. The overlay is the one source: every other form wraps the same files.

import { join } from 'node:path'
import { stringify } from 'yaml'
import { ansibleFiles } from './ansible.ts'
import { cloudInitFiles } from './cloud-init.ts'
import { composeFiles } from './compose.ts'
import { debFiles } from './deb.ts'
import { type BundleFile, below } from './files.ts'
import type { Form } from './forms.ts'
import { readme } from './readme.ts'

export interface BundleInput {
  /** The folder with the program (`dist/`). */
  readonly program: string
  /** The program's version. */
  readonly version: string
  /** The join file's text: the pre-shared key, the fleet, and the bootstrap list that all boards share. */
  readonly join: string
  readonly pool: string
  readonly labels: Readonly<Record<string, string>>
  readonly rawExec: boolean
  /** Absent: not allowed. */
  readonly exec?: boolean
  readonly listen: readonly string[]
  readonly boards: readonly string[]
  readonly forms: readonly Form[]
  /** Seconds since 1970. */
  readonly madeAt: number
}

/** The parts of a bundle that every form is made of; paths are those of a board's root file system. */
export interface Parts {
  readonly config: readonly BundleFile[]
  /** `machines` as prebuilds name them. */
  program(machines: readonly string[]): readonly BundleFile[]
  /** The unit and what belongs to it; where units lie differs from form to form. */
  unit(folder: string): readonly BundleFile[]
  /** What `install.sh` needs beside it, itself included. */
  readonly installer: readonly BundleFile[]
}

const machines = ['x64', 'arm64', 'arm'] as const
const programFiles = ['shoal', 'shoal.mjs', 'automerge_wasm_bg.wasm', 'uninstall.sh', 'end-tasks.sh'] as const

export function bundleFiles(input: BundleInput): BundleFile[] {
  const parts = partsOf(input)
  return [
    { path: 'README.txt', content: { text: readme(input) } },
    ...parts.installer,
    ...input.forms.flatMap((form) => filesOfForm[form](input, parts)),
  ]
}

const filesOfForm: Readonly<Record<Form, (input: BundleInput, parts: Parts) => readonly BundleFile[]>> = {
  'cloud-init': cloudInitFiles,
  ansible: ansibleFiles,
  deb: debFiles,
  compose: composeFiles,
}

function partsOf(input: BundleInput): Parts {
  const config: BundleFile[] = [
    { path: 'etc/shoal/agent.yaml', content: { text: agentConfig(input) }, isSecret: true },
    { path: 'etc/shoal/join.json', content: { text: input.join }, isSecret: true },
  ]
  // What an agent on a board needs of the program's folder: other systems' prebuilds are left out.
  const program: Parts['program'] = (wanted) =>
    [...programFiles, ...wanted.map((machine) => `prebuilds/linux-${machine}`)].map((file) => ({
      path: `opt/shoal/${file}`,
      content: { copyOf: join(input.program, file) },
    }))
  const unit: Parts['unit'] = (folder) => unitFiles(input, folder)
  const boards = input.boards.map((name) => ({ path: `boards/${name}/board.yaml`, content: { text: boardConfig(name) }, isSecret: true }))
  const overlay: BundleFile[] = [
    ...program(machines),
    { path: 'usr/local/bin/shoal', content: { linkTo: '/opt/shoal/shoal' } },
    ...config,
    ...unit('etc/systemd/system'),
    { path: 'etc/systemd/system/multi-user.target.wants/shoal.service', content: { linkTo: '../shoal.service' } },
  ]
  const script: BundleFile = { path: 'install.sh', content: { copyOf: join(input.program, 'board/install.sh') } }
  return { config, program, unit, installer: [script, ...below('overlay', overlay), ...boards] }
}

function unitFiles({ program, rawExec, exec = false }: BundleInput, folder: string): BundleFile[] {
  const copy = (path: string, of: string): BundleFile => ({ path: `${folder}/${path}`, content: { copyOf: join(program, 'board', of) } })
  // Tasks of raw_exec would be bound with the agent; for those of exec it makes cgroups, and they see the files that it sees.
  const bounds = rawExec || exec ? [] : [copy('shoal.service.d/containers-only.conf', 'containers-only.conf')]
  return [copy('shoal.service', 'shoal.service'), ...bounds]
}

function agentConfig({ pool, labels, rawExec, exec = false, listen }: BundleInput): string {
  const drivers = { ...(rawExec && { raw_exec: { enabled: true } }), ...(exec && { exec: { enabled: true } }) }
  const config = {
    join: 'join.json',
    data_dir: '/var/lib/shoal',
    pool,
    ...(listen.length > 0 && { listen }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(Object.keys(drivers).length > 0 && { drivers }),
  }
  return `# The same on every board. What a board has of its own (name, labels …) goes into board.yaml beside this file, which is stronger.\n${stringify(config)}`
}

function boardConfig(name: string): string {
  return `# This board's own settings; stronger than agent.yaml. labels: { … } may be added here.\n${stringify({ name })}`
}
