// A throw-away container engine for tests: its own folders, socket and bridge, so that it meets no other engine on the machine.
// Needs root and Debian's docker.io (`.ci/install`). No registry is asked: the test image is made from the machine's busybox.

import Dockerode from 'dockerode'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

export interface TestEngine {
  readonly socketPath: string
  /** A busybox image with sh, sleep, httpd, nc and the rest; it is in no registry. */
  readonly image: string
  readonly docker: Dockerode
  /** Kills the engine at once; containers stay or fall as the engine's own start-up decides. */
  kill(): Promise<void>
  /** Ends the engine in good order: it stops its containers. */
  stop(): Promise<void>
  start(): Promise<void>
  /** Stops it and removes everything that it made. */
  dispose(): Promise<void>
}

export const testImage = 'shoal-test:1'

// An engine that is not ready by then will never be: seconds are normal, half a minute was seen on a loaded machine.
const readyMs = 60_000

let engines = 0

export async function startTestEngine(): Promise<TestEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-docker-'))
  const socketPath = join(folder, 'sock')
  // Interface names have at most 15 characters.
  const number = engines++
  const bridge = `shoal${process.pid}${number === 0 ? '' : `n${number}`}`.slice(0, 15)
  execFileSync('ip', ['link', 'add', 'name', bridge, 'type', 'bridge'])
  execFileSync('ip', ['address', 'add', `10.${213 + number}.${process.pid % 250}.1/24`, 'dev', bridge])
  execFileSync('ip', ['link', 'set', bridge, 'up'])
  const docker = new Dockerode({ socketPath, host: undefined, protocol: 'http' })
  let engine: ChildProcess | undefined
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (engine === undefined || engine.exitCode !== null || engine.signalCode !== null) return
    const gone = once(engine, 'exit')
    engine.kill(signal)
    await gone
  }
  const start = async (): Promise<void> => {
    // After a kill they name processes that are gone, perhaps not reaped yet, and the engine would wait for those.
    for (const stale of ['pid', 'exec/containerd/containerd.pid', 'exec/containerd/containerd.sock'])
      rmSync(join(folder, stale), { force: true })
    engine = spawnEngine(folder, socketPath, bridge)
    await ready(docker, engine, folder)
  }
  const dispose = async (): Promise<void> => {
    await end('SIGTERM')
    killThoseOf(folder)
    execFileSync('ip', ['link', 'delete', bridge])
    unmountBelow(folder)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await start()
    await importBusybox(docker, folder)
  } catch (error) {
    await dispose()
    throw error
  }
  return { socketPath, image: testImage, docker, kill: () => end('SIGKILL'), stop: () => end('SIGTERM'), start, dispose }
}

/** An engine that was killed leaves its containers' keepers behind. */
function killThoseOf(folder: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name) && Number(name) !== process.pid)) {
    try {
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`${folder}/`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended by itself.
    }
  }
}

/** The engine leaves the network namespace of host-mode containers mounted. */
function unmountBelow(folder: string): void {
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
  for (const place of mounts.filter((one) => one.startsWith(`${folder}/`)).reverse()) execFileSync('umount', ['--lazy', place])
}

function spawnEngine(folder: string, socketPath: string, bridge: string): ChildProcess {
  const log = openSync(join(folder, 'engine.log'), 'a')
  const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')]
  const args = [...places, '--host', `unix://${socketPath}`, '--bridge', bridge, '--storage-driver', 'vfs']
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`
  const engine = spawn('dockerd', args, { stdio: ['ignore', log, log], env: { ...process.env, PATH: path } })
  closeSync(log)
  return engine
}

async function ready(docker: Dockerode, engine: ChildProcess, folder: string): Promise<void> {
  let failed = ''
  engine.once('error', (error) => (failed = error.message))
  for (const deadline = performance.now() + readyMs; performance.now() < deadline; await sleep(50)) {
    if (failed !== '' || engine.exitCode !== null) break
    const answer = await docker.ping().catch(() => undefined)
    if (answer !== undefined) return
  }
  throw new Error(`the test engine did not start ${failed}\n${readFileSync(join(folder, 'engine.log'), 'utf8').slice(-2_000)}`)
}

async function importBusybox(docker: Dockerode, folder: string): Promise<void> {
  const root = join(folder, 'image')
  for (const name of ['bin', 'etc', 'tmp']) mkdirSync(join(root, name), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\nguest:x:1000:1000:guest:/tmp:/bin/sh\n')
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'))
  for (const applet of execFileSync('/bin/busybox', ['--list'], { encoding: 'utf8' }).split('\n')) {
    if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet))
  }
  const tar = spawn('tar', ['-c', '-C', root, '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [repo = '', tag = ''] = testImage.split(':')
  const answer = await docker.importImage(tar.stdout, { repo, tag })
  await new Promise((resolve, reject) =>
    docker.modem.followProgress(answer, (error) => (error === null ? resolve(undefined) : reject(error))),
  )
  rmSync(root, { recursive: true, force: true })
}
