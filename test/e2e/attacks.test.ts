// Attacks on real agents, with what an attacker may have stolen: nothing, the pre-shared key, a join file. Whatever is said to them, the agents
// go on, no document takes any of it in, and no task is touched.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Socket, connect } from 'node:net'
import { after, before, test } from 'node:test'
import type { JoinFile } from '../../cli/fleet/fleet-files.ts'
import { type Fleet as FleetDocument, rebuildDoc, rebuildFleet } from '../../cli/documents/document.ts'
import { fromBase64 } from '../../crdt/base64.ts'
import type { Doc } from '../../crdt/doc.ts'
import type { Author, Envelope } from '../../crdt/envelope.ts'
import { type DocId, type FleetId, type NodeId, fleetDocId, jobDocId, jobId, nodeDocId, opsDocId } from '../../crdt/ids.ts'
import { limits } from '../../crdt/limits.ts'
import type { Scalar } from '../../crdt/registers.ts'
import { editDoc, emptyDoc } from '../../crdt/replica.ts'
import { decodeLinkState } from '../../node/core/liveness/link-state.ts'
import { encodeFrame, envelopeFrames } from '../../node/core/wire.ts'
import { testCrypto } from '../support/crypto.ts'
import { forge, looseDecode, looseEncode, withColumn } from '../support/envelopes.ts'
import { Attacker, type Stolen } from './support/attacker.ts'
import { type Agent, Fleet, aliveOn, allocsOf, ask, runningOn, taskPids, until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { metric } from './support/metrics.ts'
import { loopbacks } from './support/ports.ts'

const crypto = testCrypto()
const web = jobDocId(jobId('default', 'web'))
const fleet = new Fleet()
const attackers: Attacker[] = []
let a: Agent
let b: Agent
let addresses: readonly string[]
let all: Stolen
let pids: string

before(async () => {
  addresses = await loopbacks(2)
  await fleet.init(addresses)
  a = fleet.start('a', { listen: addresses[0]! })
  b = fleet.start('b', { listen: addresses[1]! })
  for (const board of [a, b]) await until(`${board.name} sees both`, 120_000, async () => (await aliveOn(board)).length === 2)
  const ran = await fleet.runJob(a, job('web', { count: 2 }))
  assert.equal(ran.code, 0, ran.output)
  pids = tasks()
  const { fleet: id, psk, tokens = {} } = JSON.parse(readFileSync(fleet.joinFile, 'utf8')) as JoinFile
  all = { fleet: id, psk, token: tokens['default']! }
})

after(async () => {
  await Promise.all(attackers.map(async (attacker) => await attacker.stop()))
  await fleet.stop()
})

const tasks = (): string => [a, b].map((agent) => taskPids(agent).join(' ')).join(' | ')

/** Both agents run, see one another, hold what they held, and their tasks are the same processes. */
async function areUntouched(): Promise<void> {
  for (const agent of [a, b]) {
    assert.equal(agent.process.exitCode, null, `${agent.name} runs:\n${agent.log.slice(-2_000)}`)
    const alive = await aliveOn(agent)
    assert.ok(alive.includes('a') && alive.includes('b'), `${agent.name} sees ${alive.join(', ')}`)
    assert.deepEqual(runningOn(await allocsOf(agent, 'web')), ['a', 'b'])
  }
  assert.equal(tasks(), pids)
}

async function attack(stolen: Stolen): Promise<Attacker> {
  const attacker = await Attacker.start(stolen, addresses)
  attackers.push(attacker)
  return attacker
}

async function idOf(agent: Agent): Promise<NodeId> {
  return (await ask(agent, 'nodes', { method: 'node.list' })).coverage.node as NodeId
}

async function envelopesOf(agent: Agent, doc: DocId): Promise<readonly string[]> {
  return (await ask(agent, 'doc', { method: 'doc.get', doc })).envelopes
}

const bytesOf = (text: string): Uint8Array => {
  const bytes = fromBase64(text)
  assert.ok(bytes.ok)
  return bytes.value
}

/** Why the agent has banned that board; undefined: it has not. */
const banBy = async (agent: Agent, board: NodeId): Promise<string | undefined> =>
  (await ask(agent, 'status', { method: 'status' })).bans?.find(({ id }) => id === board)?.code

/** It is shut out, and an operator's word lets it in again: the next attack comes from the same board. */
async function isBannedAndForgiven(mallory: Attacker, by: Agent, code: RegExp): Promise<void> {
  const [victim, liar] = [await idOf(by), mallory.signer.node]
  assert.match(await until('it is banned', 60_000, async () => await banBy(by, liar)), code)
  await until('it is hung up on', 60_000, async () => !mallory.connected.has(victim))
  assert.match((await fleet.cli(['status', '--peer', `unix:${by.socket}`])).output, /has banned .* for another/)
  const forgiven = await fleet.cli(['node', 'forgive', liar, '--peer', addresses[by === a ? 0 : 1]!])
  assert.equal(forgiven.code, 0, forgiven.output)
  await until('it is connected again', 60_000, async () => mallory.connected.has(victim))
  await mallory.isDealtWith(victim)
  assert.equal(await banBy(by, liar), undefined)
}

/** Frames that the agent has refused since its start. */
const refusedBy = async (agent: Agent): Promise<number> => await metric(agent, 'shoal_refused_frames')

test('without the pre-shared key: neither bytes nor a board of another fleet come through the door', async () => {
  const port = Number(addresses[0]!.split('/')[4])
  for (let n = 0; n < 20; n++) (await opened(port)).write(randomBytes(1 + n * 500))
  const stranger = await attack({ ...all, psk: randomBytes(32).toString('hex') })
  const outcome = await fleet.cli(['status', '--peer', addresses[0]!])
  assert.equal(outcome.code, 0, outcome.output)
  assert.equal(stranger.connected.size, 0)
  await areUntouched()
})

/** Each of these is signed by its author, who has no right to it, or is one that no honest board writes. */
async function forgeries({ signer }: Attacker, own: Doc): Promise<readonly { readonly doc: DocId; readonly bytes: Uint8Array }[]> {
  const ids = await Promise.all([a, b].map(idOf))
  const known: FleetDocument = rebuildFleet(crypto, all.fleet as FleetId, await envelopesOf(a, fleetDocId))
  const author: Author = { id: signer.id, signer: signer.signer, nonce: new Uint8Array(16).fill(9), fleet: all.fleet as FleetId }
  const change = async (doc: DocId, writes: Record<string, Scalar>): Promise<Envelope> => {
    const base = doc === fleetDocId ? known.doc : rebuildDoc(crypto, all.fleet as FleetId, known, doc, await envelopesOf(a, doc))
    const edited = editDoc(crypto, base ?? emptyDoc(crypto, doc, own.pool), author, new Map(Object.entries(writes)))
    return edited.envelopes[0]!
  }
  const notItsOwn = await Promise.all([
    change(nodeDocId(ids[0]!), { name: 'mallory' }),
    change(web, { 'state/desired': 'removed' }),
    change(fleetDocId, { [`operator/${signer.id}/role`]: 'admin' }),
    change(opsDocId(ids[1]!), { evicted: true }),
  ])
  const mine = editDoc(crypto, own, author, new Map(Object.entries({ name: 'mallory', pool: 'default' }))).envelopes[0]!
  const lied = (tell: (loose: ReturnType<typeof looseDecode>) => void): Uint8Array => {
    const loose = looseDecode(mine.changes[0]!)
    tell(loose)
    return forge(mine, signer, { changes: [looseEncode(loose)] })
  }
  const nested = (loose: ReturnType<typeof looseDecode>): void => {
    for (let depth = 0; depth < 200; depth++) {
      const at = loose.startOp + loose.ops.length
      const obj = depth === 0 ? loose.ops[0]!.obj! : `${at - 1}@${loose.actor}`
      loose.ops.push({ action: 'makeMap', obj, key: 'deep', pred: [] })
    }
  }
  return [
    ...notItsOwn.map(({ doc, bytes }) => ({ doc, bytes })),
    ...[
      lied((loose) => (loose.startOp = 2 ** 31)),
      lied((loose) => (loose.seq = 2 ** 31)),
      lied(nested),
      lied((loose) => Object.assign(loose.ops[0]!, { value: 'y'.repeat(limits.stringBytesMax + 1) })),
      lied((loose) => (loose.ops[0]!.key = '__proto__')),
      forge(mine, signer, { epoch: 2 ** 32, base: 2 ** 31 }),
      forge(mine, signer, { changes: [withColumn(mine.changes[0]!, 0x42, new Uint8Array([0xe0, 0xa7, 0x12, 0x01]))] }),
      forge(mine, signer, { changes: [new Uint8Array(limits.changeBytesMax + 1)] }),
    ].map((bytes) => ({ doc: mine.doc, bytes })),
  ]
}

/** None of them is in a document of either agent. */
async function areNowhere(forged: Awaited<ReturnType<typeof forgeries>>): Promise<void> {
  for (const agent of [a, b]) {
    for (const doc of new Set(forged.map((one) => one.doc))) {
      const held = new Set(await envelopesOf(agent, doc))
      for (const { bytes } of forged)
        assert.ok(!held.has(Buffer.from(bytes).toString('base64')), `${agent.name} took in a forgery about ${doc}`)
    }
  }
}

test('with the key and no certificate: what it says is not read', async () => {
  const mallory = await attack({ fleet: all.fleet, psk: all.psk })
  const id = await idOf(a)
  await until('it is connected', 60_000, async () => mallory.connected.has(id))
  const forged = await forgeries(mallory, emptyDoc(crypto, nodeDocId(mallory.signer.node), 'default' as never))
  const before = await refusedBy(a)
  const frames = envelopeFrames(forged.map(({ bytes }) => bytes).filter((bytes) => bytes.length <= limits.envelopeBytesMax))
  mallory.send(id, ...frames, encodeFrame({ kind: 'probe', n: 1 }))
  await until('it is refused', 60_000, async () => (await refusedBy(a)) >= before + frames.length + 1)
  assert.ok(!mallory.frames.some(({ frame }) => frame.kind === 'probe-ack'), 'not even a probe is answered')
  await areNowhere(forged)
  await areUntouched()
})

test('with a join file, as a member: others’ documents, jobs, rights, wishes; huge counters, epochs and values, deep nesting', async () => {
  const mallory = await attack(all)
  const id = await idOf(a)
  await until('it is connected', 60_000, async () => mallory.connected.has(id))
  await mallory.isDealtWith(id)
  const forged = await forgeries(mallory, emptyDoc(crypto, nodeDocId(mallory.signer.node), 'default' as never))
  const before = await refusedBy(a)
  mallory.send(id, encodeFrame({ kind: 'envelopes', envelopes: Array.from({ length: 1_000 }, () => new Uint8Array(100)) }))
  mallory.send(id, new Uint8Array([2, ...randomBytes(200_000)]))
  await mallory.isDealtWith(id)
  for (const { bytes } of forged) mallory.gossip(encodeFrame({ kind: 'envelopes', envelopes: [bytes] }))
  for (const { bytes } of forged) mallory.send(id, encodeFrame({ kind: 'envelopes', envelopes: [bytes] }))
  await isBannedAndForgiven(mallory, a, /^E_(USURPED|START_OP|SEQ)$/)
  assert.ok((await refusedBy(a)) > before)
  // By gossip, what it has signed is held against it, and nothing else is against anybody.
  await isBannedAndForgiven(mallory, b, /^E_(ACTOR|SEQ|START_OP|CHUNK|CHECKSUM|DECODE|PREDECESSOR|CANONICAL)$/)
  await areNowhere(forged)
  await areUntouched()
})

test('as a member: a link state of another board, changed or said again later, and whatever was heard said again', async () => {
  const mallory = attackers.at(-1)!
  const [first, second] = await Promise.all([a, b].map(idOf))
  // As a board asks that has none.
  mallory.send(first!, encodeFrame({ kind: 'links-have', digest: '', seqs: [] }))
  const states = await until('it has heard what b signed', 60_000, async () => {
    const heard = mallory.frames.flatMap(({ frame }) => (frame.kind === 'link-states' ? frame.states : []))
    const ofB = heard.filter((bytes) => {
      const state = decodeLinkState(bytes)
      return state.ok && state.value.author === second
    })
    return ofB.length > 0 && ofB
  })
  const changed = states
    .slice(-2)
    .flatMap((bytes) => Array.from(bytes, (_, at) => Uint8Array.from(bytes, (byte, n) => (n === at ? byte ^ 1 : byte))))
  for (let from = 0; from < changed.length; from += 16)
    mallory.send(first!, encodeFrame({ kind: 'link-states', states: changed.slice(from, from + 16) }))
  await isBannedAndForgiven(mallory, a, /^E_LINK_STATE$/)
  await areUntouched()
  // Who greets again and again is hung up on: everything else.
  for (const { frame } of [...mallory.frames])
    if (frame.kind !== 'hello' && frame.kind !== 'waits') mallory.send(first!, encodeFrame(frame))
  await mallory.isDealtWith(first!)
  assert.equal(await banBy(a, mallory.signer.node), undefined, 'to say again what others have signed is no forgery')
  await areUntouched()
})

test('as a member: a job that was removed does not come back when all its changes are said again', async () => {
  const mallory = attackers.at(-1)!
  const id = await idOf(a)
  const old = jobDocId(jobId('default', 'old'))
  const ran = await fleet.runJob(a, job('old'))
  assert.equal(ran.code, 0, ran.output)
  const before = await envelopesOf(a, old)
  const gone = await fleet.cli(['job', 'remove', 'old', '--peer', `unix:${a.socket}`])
  assert.equal(gone.code, 0, gone.output)
  await until('it is gone', 60_000, async () => tasks() === pids)
  for (const frame of envelopeFrames(before.map(bytesOf))) {
    mallory.send(id, frame)
    mallory.gossip(frame)
  }
  await mallory.isDealtWith(id)
  const { jobs } = await ask(a, 'jobs', { method: 'job.list' })
  assert.deepEqual(
    jobs.map((row) => row.id),
    ['default/web'],
  )
  await areUntouched()
})

test('as a member that says two things under one number, one to each: nothing but its own document is in doubt', async () => {
  const mallory = attackers.at(-1)!
  const { signer } = mallory
  const author: Author = { id: signer.id, signer: signer.signer, nonce: new Uint8Array(16).fill(7), fleet: all.fleet as FleetId }
  const certificate = Buffer.from(mallory.certificate).toString('base64')
  const own = emptyDoc(crypto, nodeDocId(signer.node), 'default' as never)
  const ids = await Promise.all([a, b].map(idOf))
  for (const [at, id] of ids.entries()) {
    await until('it is connected', 60_000, async () => mallory.connected.has(id))
    const { envelopes } = editDoc(
      crypto,
      own,
      author,
      new Map(Object.entries({ name: `mallory-${at}`, pool: 'default', 'x/certificate': certificate })),
    )
    for (const { bytes } of envelopes) mallory.send(id, encodeFrame({ kind: 'envelopes', envelopes: [bytes] }))
    await mallory.isDealtWith(id)
  }
  await areUntouched()
  const ran = await fleet.cli(['job', 'scale', 'web', '2', '--peer', `unix:${b.socket}`]).catch(() => null)
  assert.notEqual(ran, null)
  for (const doc of [fleetDocId, web, ...ids.map(nodeDocId)])
    await until(`both hold the same of ${doc}`, 60_000, async () => String(await envelopesOf(a, doc)) === String(await envelopesOf(b, doc)))
})

test('requests that are too large, too deep or no JSON at all are answered with an error', async () => {
  const mallory = attackers.at(-1)!
  const id = await idOf(a)
  const deep = `{"method":"doc.put","envelopes":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
  for (const body of [deep, '{', 'null', '[]', '{"method":"__proto__"}', JSON.stringify({ method: 'doc.put', envelopes: ['%'] })]) {
    const reply = await mallory.request(id, new TextEncoder().encode(body))
    assert.match(reply, /"kind":"error"/, `${body.slice(0, 40)}: ${reply.slice(0, 200)}`)
  }
  await assert.rejects(mallory.request(id, new Uint8Array(8_000_000)))
  await areUntouched()
})

test('ten thousand connections from one address, and two hundred that say a byte now and then', async () => {
  const port = Number(addresses[0]!.split('/')[4])
  let open = 0
  for (let from = 0; from < 10_000; from += 500) {
    const sockets = await Promise.all(Array.from({ length: 500 }, async () => await opened(port).catch(() => null)))
    for (const socket of sockets) {
      if (socket === null) continue
      open++
      socket.destroy()
    }
  }
  assert.ok(open > 5_000, `${open} came so far`)
  await areUntouched()
  const slow = await Promise.all(Array.from({ length: 200 }, async () => await opened(port)))
  const drip = setInterval(() => {
    for (const socket of slow) if (socket.writable) socket.write(randomBytes(1))
  }, 250)
  try {
    await areUntouched()
    assert.ok((await Promise.all(slow.map(isClosedByPeer))).every(Boolean), 'each is hung up on')
  } finally {
    clearInterval(drip)
  }
  await until('others come in again', 60_000, async () => (await fleet.cli(['status', '--peer', addresses[0]!])).code === 0)
  await areUntouched()
})

async function opened(port: number): Promise<Socket> {
  return await new Promise((done, failed) => {
    const socket = connect(port, '127.0.0.1', () => done(socket))
    socket.on('error', failed)
  })
}

async function isClosedByPeer(socket: Socket): Promise<boolean> {
  if (socket.destroyed) return true
  return await new Promise((done) => {
    socket.resume()
    socket.once('close', () => done(true))
  })
}
