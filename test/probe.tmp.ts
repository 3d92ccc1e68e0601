import { createLocalBoard } from './acceptance/network-world.ts'
import { generateKeyPair } from '../node/adapters/keys.ts'
import { multiaddr } from '@multiformats/multiaddr'
const t0 = performance.now(); const at = () => (performance.now() - t0).toFixed(0)
const a = await createLocalBoard({}, generateKeyPair()), b = await createLocalBoard({ bootstrap: a.addresses }, generateKeyPair())
for (const [n, x] of [['a', a], ['b', b]] as const) for (const e of ['peer:identify', 'self:peer:update', 'connection:open', 'connection:close'] as const) x.parts.node.addEventListener(e, () => console.log(at(), n, e))
await new Promise((r) => setTimeout(r, 4000))
console.log(at(), 'dial'); await b.parts.node.dial(multiaddr(a.addresses[0]!), { force: true })
await new Promise((r) => setTimeout(r, 1000))
console.log(at(), 'abort', process.argv[2]); b.parts.node.getConnections()[Number(process.argv[2])]!.abort(new Error('x'))
for (let i = 0; i < 8; i++) { await new Promise((r) => setTimeout(r, 500)); a.broadcast('pool', new TextEncoder().encode('x' + i)); console.log(at(), 'heard', b.heard.filter((h) => h.via === 'gossip').length) }
await a.stop(); await b.stop()
