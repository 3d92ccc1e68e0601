// Runs the tests with Node's own runner. Without arguments: everything that this machine can run; what it cannot is said loudly
// at the beginning and at the end, never skipped in silence. With arguments: only paths that contain one of them.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, constants, getPriority, homedir, setPriority, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const filters = process.argv.slice(2)
const files = list('test')
  .filter((file) => file.endsWith('.test.ts'))
  .filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)))

const isRoot = process.getuid?.() === 0
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
/** As those tests do it, as far as a first program: some machines forbid mounts or containers even to root. */
const nspawnProbe = `set -e
folder=$(mktemp -d)
trap 'umount -l "$folder"; rmdir "$folder"' EXIT
mount -t tmpfs probe "$folder"
mkdir "$folder/root" "$folder/upper" "$folder/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
keep=--keep-unit
[ ! -d /run/systemd/system ] || keep=
systemd-nspawn --quiet --directory="$folder/root" --machine=shoal-probe --register=no $keep /bin/true`
const canNspawn = () => spawnSync('unshare', ['--mount', 'sh', '-c', nspawnProbe]).status === 0
const debianBoards = /^test\/e2e\/provision-debian/
/** v2, or else v1; many containers show them and let nobody write. */
function canMakeCgroups() {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
  const unified = mounts.find(([, , kind]) => kind === 'cgroup2')?.[1]
  const offered =
    unified && existsSync(join(unified, 'cgroup.controllers'))
      ? readFileSync(join(unified, 'cgroup.controllers'), 'utf8').trim().split(' ')
      : []
  const old = (controller) => mounts.find(([, , kind, options]) => kind === 'cgroup' && options.split(',').includes(controller))?.[1]
  const folders = ['cpu', 'memory', 'pids'].map((controller) => (offered.includes(controller) ? unified : old(controller)))
  return folders.every((folder) => folder !== undefined && canMakeFolder(join(folder, `shoal-probe-${process.pid}`)))
}

function canMakeFolder(path) {
  try {
    mkdirSync(path)
    rmdirSync(path)
    return true
  } catch {
    return false
  }
}

const needs = [
  {
    pattern: /^test\/e2e\/provision\.test/,
    what: 'what a board tells systemd (systemd-notify, python3)',
    present: has('systemd-notify') && has('python3'),
  },
  {
    pattern: debianBoards,
    what: 'boards with a systemd of their own (root that may mount and start containers, systemd-container, cloud-init, ansible-core, dpkg, binutils, procps)',
    present:
      isRoot &&
      ['systemd-nspawn', 'cloud-init', 'ansible-playbook', 'dpkg-deb', 'readelf', 'pgrep'].every(has) &&
      (!files.some((file) => debianBoards.test(file)) || canNspawn()),
  },
  { pattern: /^test\/e2e\/docker-compose/, what: 'Compose (docker-compose)', present: has('docker-compose') },
  { pattern: /^test\/e2e\/netns/, what: 'network namespaces (root, iproute2, iptables)', present: isRoot && has('ip') && has('iptables') },
  {
    pattern: /docker/,
    what: 'a Docker engine (root, docker.io, busybox-static)',
    present: isRoot && has('dockerd') && (existsSync('/bin/busybox') || existsSync('/usr/bin/busybox')),
  },
  {
    pattern: /^test\/(e2e\/exec|acceptance\/driver-exec(?!-v2))/,
    what: 'processes in cgroups (root, cgroups with cpu, memory and pids that can be written to, util-linux)',
    present: isRoot && ['unshare', 'nsenter', 'setpriv', 'mount'].every(has) && canMakeCgroups(),
  },
  {
    pattern: /^test\/acceptance\/driver-exec-v2/,
    what: 'cgroups of version 2, whatever the machine has (user-mode-linux, iproute2)',
    by: '.ci/install --kernels installs it, and .ci/nightly runs it',
    present: has('linux.uml') && has('ip'),
  },
  { pattern: /^test\/e2e\/full-disk/, what: 'a small file system to fill (root, mount)', present: isRoot && has('mount') },
]
// A file that tests with what there is: what it leaves out is said here too.
const nodesFolder = process.env.SHOAL_TEST_NODES ?? join(homedir(), '.cache/shoal-test/nodes')
const missingNodes = ['22', '24'].filter((major) => !existsSync(join(nodesFolder, major, 'bin/node')))
const missing = needs.filter((need) => !need.present)
const skipped = files.filter((file) => missing.some((need) => need.pattern.test(file)))
const run = files.filter((file) => !skipped.includes(file))
const warn = () => {
  for (const need of missing)
    console.error(
      `\n!! NOT TESTED HERE: ${need.what} is missing: ${skipped.filter((file) => need.pattern.test(file)).length} test files were left out (${need.by ?? '.ci/run installs it'})\n`,
    )
  if (missingNodes.length > 0 && files.some((file) => /^test\/(e2e\/bundle|scenario\/chaos-nodes)/.test(file)))
    console.error(
      `\n!! NOT TESTED HERE: the built program and the search with Node ${missingNodes.join(' and ')} (.ci/install-nodes installs them)\n`,
    )
}

warn()
if (run.length === 0) {
  console.error('no test files')
  process.exit(1)
}
// Tests with processes mostly wait, and run in two lanes side by side, one file at a time in each: what the machine has only one of (its
// Docker engine, its network namespaces and mounts) is in one lane only. All others share what these leave of the cores, and yield to them.
const slow = (file) => file.startsWith('test/e2e/') || file.startsWith('test/acceptance/')
const oneOnly = (file) => /docker|netns|provision-debian|full-disk/.test(file)
// Loading the product takes longer than most of their tests: quick files of one folder share a process, so many at a time. Searches do not,
// nor do files with hooks of their own, which would be those of all.
const filesPerProcess = 12
const isAlone = (file) => dirname(file) === join('test', 'scenario') || /^(before|after)(Each)?\(/m.test(readFileSync(file, 'utf8'))
const groupsFolder = mkdtempSync(join(tmpdir(), 'shoal-tests-'))
process.on('exit', () => rmSync(groupsFolder, { recursive: true }))
const statuses = await Promise.all([
  runTests(
    run.filter((file) => slow(file) && oneOnly(file)),
    { concurrency: 1, priority: constants.priority.PRIORITY_NORMAL },
  ),
  runTests(
    run.filter((file) => slow(file) && !oneOnly(file)),
    { concurrency: 1, priority: constants.priority.PRIORITY_NORMAL },
  ),
  runTests(grouped(run.filter((file) => !slow(file))), { concurrency: availableParallelism(), priority: constants.priority.PRIORITY_LOW }),
])
warn()
process.exit(statuses.find((code) => code !== 0) ?? 0)

/** Files that import those of one folder. The longest, the searches of `test/scenario`, begin. */
function grouped(all) {
  const order = ['scenario', 'property', 'unit']
  const rank = (folder) => order.findIndex((name) => folder.startsWith(join('test', name)))
  const folders = [...new Set(all.map(dirname))].sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
  return folders.flatMap((folder) => {
    const here = all.filter((file) => dirname(file) === folder)
    const together = here.filter((file) => !isAlone(file))
    const groups = Array.from({ length: Math.ceil(together.length / filesPerProcess) }, (_, nth) => {
      const files = together.slice(nth * filesPerProcess, (nth + 1) * filesPerProcess)
      const group = join(groupsFolder, `${folder.replaceAll('/', '-')}-${nth + 1}.mjs`)
      writeFileSync(group, files.map((file) => `import ${JSON.stringify(pathToFileURL(resolve(file)).href)}\n`).join(''))
      return group
    })
    return [...here.filter(isAlone), ...groups]
  })
}

/** Exit code. What several print at once stays readable: each chunk is what one test file said. */
function runTests(files, { concurrency, priority }) {
  if (files.length === 0) return Promise.resolve(0)
  const child = spawn(
    process.execPath,
    ['--import', 'tsx', '--test', `--test-concurrency=${concurrency}`, '--test-reporter=spec', ...files],
    { stdio: 'inherit' },
  )
  setPriority(child.pid, Math.max(priority, getPriority()))
  return new Promise((done) => child.once('exit', (code) => done(code ?? 1)))
}

function list(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? list(join(folder, entry.name)) : [join(folder, entry.name)],
  )
}
