import { createLocalBoard, type LocalBoard } from './acceptance/network-world.ts'
import { generateKeyPair } from '../node/adapters/keys.ts'
const N = Number(process.argv[2] ?? 12), cutMs = Number(process.argv[3] ?? 30000)
const sleep = (ms: number) => new Promise((r) => setTimeout(r, ms))
const t0 = performance.now(); const at = () => ((performance.now() - t0) / 1000).toFixed(1)
const boards: LocalBoard[] = []
const first = await createLocalBoard({}, generateKeyPair()); boards.push(first)
for (let i = 1; i < N; i++) boards.push(await createLocalBoard({ bootstrap: first.addresses }, generateKeyPair()))
const upCount = (b: LocalBoard) => b.ups.length - b.downs.length
for (let i=0;i<12;i++) { await sleep(1000); const c = process.cpuUsage(); console.log(at(), 'ups', boards.map(upCount).join(' '), 'conns', boards.map((b) => b.network.stats().connections).join(' '), 'dials', boards.map((b) => b.network.stats().dials).join(' '), 'cpu', ((c.user+c.system)/1e6).toFixed(1)) }
for (const b of boards) for (const o of boards) if (o !== b) b.remember(o.id, o.addresses, true)
let n = 0; const counts = boards.map((b) => b.heard.filter((h) => h.via === 'gossip').length)
for (const b of boards) b.broadcast('pool', new TextEncoder().encode(`m${n++}`))
await sleep(3000)
console.log(at(), 'gossip got', boards.map((b, i) => b.heard.filter((h) => h.via === 'gossip').length - counts[i]!).join(' '), 'of', N - 1)
const left = boards.slice(0, N >> 1), right = boards.slice(N >> 1)
for (const b of right) b.injectCut(left.map((x) => x.id))
await sleep(2000)
for (const b of right) for (const l of left) { b.disconnect(l.id, 'probe'); l.disconnect(b.id, 'probe') }
const d0 = boards.map((b) => b.network.stats().dials)
await sleep(cutMs)
console.log(at(), 'in cut: ups', boards.map(upCount).join(' '), 'dials/min', boards.map((b, i) => ((b.network.stats().dials - d0[i]!) / cutMs * 60000).toFixed(0)).join(' '))
const upsBefore = left.map((l) => l.ups.length); const h0 = performance.now(); let upAt = 0
for (const b of right) b.injectCut([])
let firstAt = 0, round = 0
while (performance.now() - h0 < 30000) {
  await sleep(100)
  if (!upAt && left.some((l, i) => l.ups.length > upsBefore[i]!)) { upAt = performance.now() - h0; console.log('first cross up', upAt.toFixed(0)) }
  if (++round % 2 === 0) left[0]!.broadcast('pool', new TextEncoder().encode(`heal${round}`))
  const got = right.filter((b) => b.heard.some((h) => h.via === 'gossip' && new TextDecoder().decode(h.bytes).startsWith('heal')))
  if (got.length > 0 && !firstAt) { firstAt = performance.now() - h0; console.log('first cross gossip', firstAt.toFixed(0)) }
  if (got.length === right.length) { console.log('all right heard after', (performance.now() - h0).toFixed(0)); break }
}
await sleep(3000)
console.log(at(), 'ups', boards.map(upCount).join(' '))
const s0 = boards.map((b) => b.network.stats()), c0 = process.cpuUsage()
await sleep(30000)
const c1 = process.cpuUsage(c0)
console.log('idle cpu % per board', ((c1.user + c1.system) / 1e6 / 30 / N * 100).toFixed(2), 'tx B/s', boards.map((b, i) => ((b.network.stats().bytesSent - s0[i]!.bytesSent) / 30).toFixed(0)).join(' '))
await Promise.all(boards.map((b) => b.stop())); console.log(at(), 'stopped'); 
