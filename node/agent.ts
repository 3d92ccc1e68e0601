// Puts an agent together and starts it, in the order in which it must come up: the data directory is its own (store lock), the key
// and the fleet are known, the drivers have said what runs, the core has taken its first step from disk, and only then the
// network opens. Stopping goes the other way round and leaves every task running.

import './polyfill.ts'
import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import type { Refusal } from '../crdt/errors.ts'
import { signCertificate } from '../crdt/admission/certificate.ts'
import type { NodeId, PoolName } from '../crdt/ids.ts'
import type { Resources } from '../crdt/view.ts'
import { createArtifactStore } from './adapters/artifacts/store.ts'
import { createCheckRunner } from './adapters/checks/runner.ts'
import { createClock } from './adapters/clock.ts'
import { readHost } from './adapters/host.ts'
import { type HttpDoor, openHttp } from './adapters/http.ts'
import { type KeyPair, createCrypto, keyPairFromSeed, loadOrCreateKey } from './adapters/keys.ts'
import { createNetwork } from './adapters/libp2p/network.ts'
import type { Proxy } from './adapters/libp2p/proxy.ts'
import type { Log } from './adapters/log.ts'
import { makeFolder } from './adapters/make-folder.ts'
import { createMetrics } from './adapters/metrics.ts'
import { openStore } from './adapters/store-level.ts'
import { createApiBridge } from './api-bridge.ts'
import type { AgentConfig } from './config.ts'
import { isHeard, mayConnect } from './core/admission.ts'
import type { Config } from './core/config-types.ts'
import type { HostFacts, Network, Store } from './core/ports.ts'
import type { State } from './core/state.ts'
import { type Core, createCore } from './core/step.ts'
import { createDeviceFinder } from './adapters/devices/finder.ts'
import { folderTree } from './adapters/devices/tree.ts'
import { createDrivers, surveyDrivers } from './drivers.ts'
import { createExaminer } from './examiner.ts'
import { type JoinFile, readJoinFile } from './join-file.ts'
import { type Loop, createLoop } from './loop.ts'
import { type StuckGuard, startStuckGuard } from './stuck-guard.ts'
import { agentVersion } from './version.ts'
import { warmUp } from './warm-up.ts'
import { wordsOf } from './words.ts'

export interface RunningAgent {
  readonly node: string
  readonly name: string
  /** The port of the loopback API; null when it was not asked for. */
  readonly loopbackPort: number | null
  /** Ends the agent; its tasks run on. */
  stop(): Promise<void>
}

/** Why an agent cannot start, for people: the operator has to do something about it. */
export class AgentError extends Error {
  static readonly code = 'E_AGENT'
  override readonly name = 'AgentError'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface AgentOptions {
  readonly log: Log
  /** A bug was found in the core: the process should end (70), so that its supervisor starts it anew. */
  readonly onFatal: (error: unknown) => void
  /** The board is over: the process should end. */
  readonly onLeft: () => void
}

export async function startAgent(config: AgentConfig, options: AgentOptions): Promise<RunningAgent> {
  await makeDataDir(config.dataDir)
  await mayStart(config)
  // First, because LevelDB's files would be inherited by whatever is spawned after them.
  const guard = startStuckGuard(options.log)
  try {
    const opened = await openStore(join(config.dataDir, 'store'), (words) => options.log.warn({}, words))
    if (!opened.ok) throw refusalError(opened)
    const store = opened.value
    return await startWithStore(config, options, store, guard).catch(async (error: unknown) => {
      await store.close()
      throw error
    })
  } catch (error) {
    guard.stop()
    throw error
  }
}

async function startWithStore(config: AgentConfig, options: AgentOptions, store: Store, guard: StuckGuard): Promise<RunningAgent> {
  const { log } = options
  const joined = await readJoinFile(config.join, config.dataDir)
  if (!joined.ok) throw refusalError(joined)
  const key = await loadOrCreateKey(join(config.dataDir, keyName))
  // For what removes the board's containers when no agent is there any more to ask (deploy/end-tasks.sh).
  await writeFile(join(config.dataDir, 'node.id'), `${key.id}\n`)
  const clock = createClock()
  const metrics = createMetrics()
  const host = await readHost(config.dataDir)
  const coreConfig = coreConfigOf(config, joined.value, key, host)
  const drivers = createDrivers(config, coreConfig.self, log)
  const crypto = createCrypto()
  const core = createCore({ crypto, signer: key.signer })
  const network = await makeNetwork({ config, joined: joined.value, key, core, log })
  const { onFatal } = options
  const onLeft = (why: string): void => void noteLeft(config.dataDir, why, log).then(options.onLeft)
  const checks = createCheckRunner({ allowsExec: config.checks.exec, drivers })
  const examine = createExaminer({ network, dataDir: config.dataDir })
  const devices = createDeviceFinder(folderTree({ sys: config.devices.sysfs, dev: config.devices.dev }), config.devices, log)
  const artifacts = createArtifactStore({ folder: join(config.dataDir, 'artifacts'), ...config.artifacts })
  const parts = { core, network, store, clock, drivers, artifacts, checks, devices, api: createApiBridge, examine }
  const loop = createLoop({ ...parts, log, meters: metrics, onFatal, onLeft })
  const [surveyed, records] = await Promise.all([
    surveyDrivers(drivers, clock, log),
    readAll(store),
    warmUp(crypto, key, joined.value.fleet),
  ])
  const { running, fingerprints } = surveyed
  const nonce = new Uint8Array(randomBytes(16))
  await loop.start({ kind: 'boot', nonce, config: coreConfig, host, records, running, fingerprints })
  // The core keeps its first event; the whole store in memory a second time is not to stay with it.
  records.length = 0
  const health = (): object => healthOf(config, coreConfig, core)
  const http = await openDoor(config, loop, health, () => metrics.text(), log).catch(async (error: unknown) => {
    await loop.stop()
    throw error
  })
  try {
    metrics.watch(() => ({ ...gaugesOf(core, network, loop), store_repairs: store.repairs.length }))
    await startNetwork(network, loop, log)
    log.info(
      { fleet: joined.value.name, pool: config.pool, id: coreConfig.self, socket: config.http.socket, tasks: running.length },
      'agent started',
    )
  } catch (error) {
    await http.close()
    await loop.stop()
    throw error
  }
  return {
    node: coreConfig.self,
    name: coreConfig.name,
    loopbackPort: http.port,
    stop: () => stopAll({ guard, http, network, loop, store, log }),
  }
}

function healthOf({ pool }: AgentConfig, { self, name, fleet }: ReturnType<typeof coreConfigOf>, core: Core): object {
  return { ok: true, node: self, name, pool, fleet, version: agentVersion, storeProblem: core.state?.storeProblem ?? null }
}

const keyName = 'node.key'
/** Says that this board has left its fleet, or was sent away as a clone. */
const leftName = 'left'

/** A supervisor starts the agent again, whatever it ended with: a board that has left is not to come back by that. Throws E_LEFT. */
async function mayStart({ dataDir, rejoin }: AgentConfig): Promise<void> {
  const said = await readFile(join(dataDir, leftName), 'utf8').catch(() => null)
  if (said === null) return
  if (!rejoin)
    throw new AgentError(
      'E_LEFT',
      `${said.trim()}; start it with --rejoin to let it join as a new board, or empty ${dataDir} (deploy: uninstall.sh --purge)`,
    )
  // The mark goes last: whatever interrupts this, the next start goes on with it.
  for (const name of ['store', keyName, leftName]) await rm(join(dataDir, name), { recursive: true, force: true })
}

/** Should this fail, the next start finds it in the board's own document, and ends in the same way. */
async function noteLeft(dataDir: string, why: string, log: Log): Promise<void> {
  await writeFile(join(dataDir, leftName), `${why}\n`).catch((error: unknown) => log.warn({ error: wordsOf(error) }, 'cannot note it'))
  log.warn({}, `${why}: the agent ends`)
}

async function stopAll(parts: { guard: StuckGuard; http: HttpDoor; network: Network; loop: Loop; store: Store; log: Log }): Promise<void> {
  const { guard, http, network, loop, store, log } = parts
  guard.stop()
  for (const [what, stop] of [
    ['api', () => http.close()],
    ['loop', () => loop.stop()],
    ['network', () => network.stop()],
    ['store', () => store.close()],
  ] as const) {
    await stop().catch((error: unknown) => log.warn({ what, error: wordsOf(error) }, 'stopping had a problem'))
  }
  log.info({}, 'agent stopped; tasks run on')
}

async function makeDataDir(path: string): Promise<void> {
  try {
    await makeFolder(path, 0o700)
  } catch (error) {
    throw new AgentError('E_DATA_DIR', `cannot use the data directory ${path}: ${wordsOf(error)}`)
  }
}

function refusalError(refusal: Refusal): AgentError {
  return new AgentError(refusal.code, refusal.message)
}

interface NetworkInput {
  readonly config: AgentConfig
  readonly joined: JoinFile
  readonly key: KeyPair
  /** Says whom this board listens to. */
  readonly core: Core
  readonly log: Log
}

async function makeNetwork({ config, joined, key, core, log }: NetworkInput): Promise<Network> {
  const asked = (answer: (state: State) => boolean): boolean => core.state === null || answer(core.state)
  try {
    return await createNetwork({
      key,
      psk: joined.psk,
      fleet: joined.fleet,
      pool: config.pool as PoolName,
      listen: config.listen,
      announce: config.announce,
      bootstrap: [...joined.bootstrap, ...config.bootstrap],
      relay: config.network.relay,
      ...(await proxyOf(config)),
      workedAddressesFile: join(config.dataDir, 'worked-addresses'),
      mayConnect: (peer) => asked((state) => mayConnect(state, peer)),
      isHeard: (peer) => asked((state) => isHeard(state, peer as NodeId)),
      mdns: config.listen.some((address) => !/127\.0\.0\.1|\/::1\/|localhost/.test(address)),
      log,
    })
  } catch (error) {
    if (error instanceof AgentError) throw error
    throw new AgentError('E_NETWORK', wordsOf(error))
  }
}

/** Throws E_PROXY_LOGIN. */
async function proxyOf({ network: { proxy, proxyLogin } }: AgentConfig): Promise<{ proxy?: Proxy }> {
  if (proxy === null) return {}
  const { hostname, port } = new URL(proxy)
  const login = proxyLogin === null ? null : await readLogin(proxyLogin)
  return { proxy: { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 80), login } }
}

async function readLogin(path: string): Promise<string> {
  const [line = ''] = (await readFile(path, 'utf8').catch((error: unknown) => failLogin(path, wordsOf(error)))).split('\n')
  return line.includes(':') ? line.trim() : failLogin(path, 'its first line is not name:password')
}

function failLogin(path: string, why: string): never {
  throw new AgentError('E_PROXY_LOGIN', `the login for the proxy cannot be read from ${path}: ${why}`)
}

async function startNetwork(network: Network, loop: Loop, log: Log): Promise<void> {
  const { handlers } = loop
  const addresses = (list: readonly string[]): void => {
    log.info({ addresses: list }, 'reachable at')
    handlers.addresses(list)
  }
  try {
    await network.start({ ...handlers, addresses })
    loop.networkStarted()
  } catch (error) {
    throw new AgentError(
      'E_LISTEN',
      `cannot listen: ${wordsOf(error)}; end what uses the address, or give this agent another with --listen`,
    )
  }
}

async function openDoor(
  config: AgentConfig,
  loop: Loop,
  health: () => object,
  metrics: () => Promise<string>,
  log: Log,
): Promise<HttpDoor> {
  const { socket, loopbackPort } = config.http
  try {
    return await openHttp({ socketPath: socket, loopbackPort, api: loop.handlers.api, health, metrics, log })
  } catch (error) {
    throw new AgentError('E_HTTP_SOCKET', `cannot open the local API: ${wordsOf(error)}`)
  }
}

async function readAll(store: Store): Promise<(readonly [string, Uint8Array])[]> {
  const records: (readonly [string, Uint8Array])[] = []
  for await (const record of store.scan('')) records.push(record)
  return records
}

function gaugesOf(core: Core, network: Network, loop: Loop): Record<string, number> {
  const stats = network.stats()
  const memory = process.memoryUsage()
  const nodes = [...(core.state?.view.nodes.values() ?? [])]
  return {
    connections: stats.connections,
    sent_bytes: stats.bytesSent,
    received_bytes: stats.bytesReceived,
    dials: stats.dials,
    limited: stats.limited,
    resident_bytes: memory.rss,
    heap_used_bytes: memory.heapUsed,
    cpu_seconds: process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6,
    queued_events: loop.queued,
    documents: core.state?.docs.size ?? 0,
    nodes: nodes.length,
    nodes_alive: nodes.filter((node) => node.liveness === 'alive').length,
    allocations: core.state?.allocs.size ?? 0,
    bans: core.state?.conduct.bans.size ?? 0,
    bans_made: core.state?.conduct.bansMade ?? 0,
    refused_frames: Object.values(core.state?.refusals ?? {}).reduce((sum, count) => sum + count, 0),
  }
}

function coreConfigOf(config: AgentConfig, joined: JoinFile, key: KeyPair, host: HostFacts): Config {
  const capacity: Resources = { cpuMhz: host.cpuMhz, memoryMib: host.memoryMib, diskMib: host.diskMib, ...config.capacity }
  const self = key.id as NodeId
  const name = config.name ?? host.name
  return {
    self,
    fleet: joined.fleet,
    pool: config.pool as PoolName,
    name,
    labels: config.labels,
    certificate: certificateOf(joined, self, config, name),
    reserved: config.reserved,
    capacity: Object.keys(config.capacity).length === 0 ? null : capacity,
    dynamicPorts: config.dynamicPorts,
    allocsMax: config.maxAllocs,
    fleetEnvelopes: joined.envelopes,
    psk: joined.psk,
    dev: config.dev,
    version: agentVersion,
  }
}

/** Anew at every start: name and labels may be others, and equal ones give the same certificate. Throws E_CERTIFICATE: they cannot be shown. */
function certificateOf({ fleet, tokens }: JoinFile, node: NodeId, { pool, labels }: AgentConfig, name: string): Uint8Array | null {
  const secret = tokens.get(pool)
  if (secret === undefined) return null
  const made = signCertificate({ fleet, node, pool: pool as PoolName, name, labels }, keyPairFromSeed(secret).signer)
  if (!made.ok) throw refusalError(made)
  return made.value
}
