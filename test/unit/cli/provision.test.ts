// A bundle's archives, read back by programs that others wrote.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { ar } from '../../../cli/provision/ar.ts'
import { entriesOf } from '../../../cli/provision/archive.ts'
import { bundleFiles } from '../../../cli/provision/bundle.ts'
import type { BundleFile } from '../../../cli/provision/files.ts'
import { parseForms } from '../../../cli/provision/forms.ts'
import { tar } from '../../../node/adapters/tar.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-provision-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const madeAt = 1_700_000_000

test('tar reads what was packed: modes, links, folders before what they hold, folders of secrets closed, all of it root’s', async () => {
  mkdirSync(join(folder, 'source/inner'), { recursive: true })
  writeFileSync(join(folder, 'source/inner/run'), '#!/bin/sh\n', { mode: 0o700 })
  const files: BundleFile[] = [
    { path: 'opt/program', content: { copyOf: join(folder, 'source') } },
    { path: 'etc/secret/key', content: { text: 'x'.repeat(512) }, isSecret: true },
    { path: 'bin/run', content: { linkTo: '/opt/program/inner/run' } },
    { path: 'made', content: { made: async () => Buffer.from('later') } },
  ]
  const archive = join(folder, 'all.tar')
  writeFileSync(archive, tar(await entriesOf(files, './'), madeAt))
  const listed = execFileSync('tar', ['--list', '--verbose', '--numeric-owner', '--file', archive], { encoding: 'utf8' })
  const rows = listed
    .trim()
    .split('\n')
    .map((line) => line.split(/\s+/))
  assert.ok(rows.every(([, owner]) => owner === '0/0'))
  assert.deepEqual(
    rows.map(([mode, , , , , path]) => `${mode} ${path}`),
    [
      'drwxr-xr-x ./bin/',
      'lrwxrwxrwx ./bin/run',
      'drwxr-xr-x ./etc/',
      'drwx------ ./etc/secret/',
      '-rw------- ./etc/secret/key',
      '-rw-r--r-- ./made',
      'drwxr-xr-x ./opt/',
      'drwxr-xr-x ./opt/program/',
      'drwxr-xr-x ./opt/program/inner/',
      '-rwxr-xr-x ./opt/program/inner/run',
    ],
  )
  const out = join(folder, 'out')
  mkdirSync(out)
  execFileSync('tar', ['--extract', '--no-same-owner', '--file', archive, '--directory', out])
  assert.equal(readFileSync(join(out, 'etc/secret/key'), 'utf8'), 'x'.repeat(512))
  assert.equal(readFileSync(join(out, 'made'), 'utf8'), 'later')
  assert.equal(Math.floor(statSync(join(out, 'made')).mtimeMs / 1000), madeAt)
})

test('which drivers boards may use stands in the configuration; what binds the agent further is only for those that run containers alone', () => {
  const input = { program: '/program', version: '1', join: '{}', pool: 'shop', labels: {}, listen: [], boards: [], forms: [], madeAt: 0 }
  const made = ([rawExec, exec]: readonly [boolean, boolean]): readonly [string[], boolean] => {
    const files = bundleFiles({ ...input, rawExec, exec })
    const isBound = files.some(({ path }) => path.endsWith('shoal.service.d/containers-only.conf'))
    const config = files.find(({ path }) => path === 'overlay/etc/shoal/agent.yaml')?.content
    const text = config !== undefined && 'text' in config ? config.text : ''
    return [text.match(/raw_exec|exec:/g) ?? [], isBound]
  }
  assert.deepEqual(made([false, false]), [[], true])
  assert.deepEqual(made([true, false]), [['raw_exec'], false])
  assert.deepEqual(made([false, true]), [['exec:'], false])
  assert.deepEqual(made([true, true]), [['raw_exec', 'exec:'], false])
})

test('a path that no header can hold is refused, never cut', () => {
  assert.throws(() => tar([{ kind: 'file', path: 'a'.repeat(101), mode: 0o644, bytes: Buffer.alloc(0) }], madeAt), /too long/)
})

test('members of an ar archive begin at even places', () => {
  const bytes = Buffer.from(
    ar(
      [
        { name: 'odd', bytes: Buffer.from('123') },
        { name: 'next', bytes: Buffer.from('45') },
      ],
      madeAt,
    ),
  )
  const headerBytes = 60
  const second = '!<arch>\n'.length + headerBytes + 4
  assert.equal(bytes.toString('latin1', second, second + 4), 'next')
  assert.equal(bytes.length, second + headerBytes + 2)
})

test('forms: one or several, said once or twice, all of them, none that is unknown', () => {
  assert.deepEqual(parseForms('deb,ansible'), ['ansible', 'deb'])
  assert.deepEqual(parseForms('compose', parseForms('deb')), ['deb', 'compose'])
  assert.deepEqual(parseForms('all'), ['cloud-init', 'ansible', 'deb', 'compose'])
  assert.throws(() => parseForms('rpm'), /cloud-init/)
})

test('a purge goes on when a cgroup is gone before it is read', () => {
  const bin = join(folder, 'bin-of-find')
  mkdirSync(bin)
  writeFileSync(join(bin, 'find'), '#!/bin/sh\necho /no/such/cgroup\n', { mode: 0o755 })
  const script = `. ./deploy/end-tasks.sh && end_cgroups task; echo through`
  const said = execFileSync('sh', ['-euc', script], { env: { PATH: `${bin}:${process.env['PATH']}` } }).toString()
  assert.equal(said, 'through\n')
})

test('what a purge removes: containers of this board’s own id, whoever else has some on the machine, and none where that is unknown', () => {
  const [bin, data] = [join(folder, 'bin'), join(folder, 'data')]
  for (const made of [bin, data]) mkdirSync(made)
  const calls = join(folder, 'docker-calls')
  // An engine with a container of this board and one of another: it honours the filter as the real one does.
  const engine = `#!/bin/sh
echo "$*" >>'${calls}'
case "$*" in *label=shoal.node=12D3own*) echo own ;; *label=shoal.node*) echo own other ;; esac
`
  writeFileSync(join(bin, 'docker'), engine, { mode: 0o755 })
  const purge = (): string => {
    writeFileSync(calls, '')
    const script = `. ./deploy/end-tasks.sh && end_tasks '${data}'`
    execFileSync('sh', ['-euc', script], { env: { PATH: `${bin}:${process.env['PATH']}` } })
    return readFileSync(calls, 'utf8')
  }
  assert.equal(purge(), '')
  writeFileSync(join(data, 'node.id'), '12D3own\n')
  assert.equal(purge(), 'ps --all --quiet --filter label=shoal.node=12D3own\nrm --force own\n')
})
