// Connects to the first peer of an ordered list that answers: unix sockets over HTTP, everything else over libp2p with the
// operator's key. libp2p is loaded only when it is needed: it takes longer than reading a socket does.

import { createCrypto, loadKey } from '../../node/adapters/keys.ts'
import type { Context } from './contexts.ts'
import { CliError, codeOf, keyFault, wordsOf } from '../errors.ts'
import type { ApiClient, ConnectOptions } from '../io.ts'
import { learnPsks } from '../fleet/learn-psks.ts'
import { isUnix, peerAddressRule, unixPrefix } from './peer-address.ts'
import { readPsks } from '../fleet/psk-file.ts'
import { unixAnswers, unixClient } from './unix-client.ts'

/** Faults of one peer, after which the next one is tried. */
const passing: Readonly<Record<string, string>> = {
  E_UNREACHABLE: 'is the agent running there, and is its address right? shoal context list shows the peers',
  E_WRONG_FLEET: 'the address leads to a board of another fleet: compare it with the context (shoal context list)',
  E_NOT_ADMITTED: 'an admin of the fleet gives your key a role',
  E_PEER_ADDRESS: `write ${peerAddressRule}`,
}

export async function connect({ peers, context, timeoutMs }: ConnectOptions): Promise<ApiClient> {
  const faults: { code: string; words: string }[] = []
  for (const run of runsOf(peers)) {
    try {
      return run.kind === 'unix' ? await connectUnix(run.path, timeoutMs) : await connectLibp2p(run.peers, context, timeoutMs)
    } catch (error) {
      const code = codeOf(error)
      // A key that cannot be read, say, is no fault of the peer's.
      if (error instanceof CliError && passing[code] === undefined) throw error
      faults.push({ code: passing[code] === undefined ? 'E_UNREACHABLE' : code, words: wordsOf(error) })
    }
  }
  const [first] = faults
  const code = first !== undefined && faults.every((one) => one.code === first.code) ? first.code : 'E_UNREACHABLE'
  throw new CliError(code, `no peer serves: ${faults.map((one) => one.words).join('; ')}`, { hint: passing[code] ?? '' })
}

type Run = { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'libp2p'; readonly peers: readonly string[] }

/** Neighbouring multiaddrs share one libp2p node; the order of the list is kept. */
function runsOf(peers: readonly string[]): readonly Run[] {
  const runs: ({ kind: 'unix'; path: string } | { kind: 'libp2p'; peers: string[] })[] = []
  for (const peer of peers) {
    const last = runs.at(-1)
    if (isUnix(peer)) runs.push({ kind: 'unix', path: peer.slice(unixPrefix.length) })
    else if (last?.kind === 'libp2p') last.peers.push(peer)
    else runs.push({ kind: 'libp2p', peers: [peer] })
  }
  return runs
}

async function connectUnix(path: string, timeoutMs: number): Promise<ApiClient> {
  if (await unixAnswers(path, AbortSignal.timeout(timeoutMs))) return unixClient(path)
  throw new CliError('E_UNREACHABLE', `${unixPrefix}${path} does not answer`)
}

async function connectLibp2p(peers: readonly string[], context: Context | null, timeoutMs: number): Promise<ApiClient> {
  if (context === null)
    throw new CliError('E_NO_CONTEXT', 'there is no context, so no key to show to the peer', {
      hint: 'make a fleet with: shoal fleet init NAME',
    })
  const psks = await readPsks(context.pskFile)
  const key = await loadKey(context.keyFile).catch((error: unknown) => {
    throw keyFault(error)
  })
  const { connectClient } = await import('../../node/adapters/libp2p/client.ts')
  const client = await connectClient({ key, psks, fleet: context.fleet, peers, timeoutMs })
  if (client.isBehind) await learnPsks(createCrypto(), client, context, psks)
  return client
}
