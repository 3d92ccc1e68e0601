// What the bundle leaves out or loads late: parts of libraries that an agent never reaches or seldom needs, each with what it costs a
// board. A patch that no longer fits its library's text fails the build, so that an update cannot undo it in silence.

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Never called: dockerode's ssh and BuildKit (most of its size), a SHA-256 that noise takes only in Electron (0.6 MB of wasm and its
 * memory), what prom-client has for summaries and its default metrics, and pino's threads.
 */
const neverCalled =
  /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|cpu-features|@chainsafe\/as-sha256|tdigest|@opentelemetry\/api|thread-stream)(\/.*)?$/

/**
 * Built up on first use. Of the curves Node does the work itself (node:crypto); libp2p imports these for keys that no board has. The
 * patterns' engine is for jobs with a `regexp` constraint.
 */
const seldomUsed = { '@noble/curves/ed25519.js': ['ed25519', 'x25519'], '@noble/curves/secp256k1.js': ['secp256k1'], re2js: ['RE2JS'] }

// Classes are taken from these when a library is loaded, and no call is ever made.
const stub =
  'module.exports = new Proxy(function () {}, { get: (_t, key) => (key === "__esModule" ? false : module.exports), construct: () => ({}), apply: () => module.exports })'

export const slim = {
  name: 'slim',
  setup(builder) {
    builder.onResolve({ filter: neverCalled }, ({ path }) => ({ path, namespace: 'stub' }))
    builder.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: stub, loader: 'js' }))
    builder.onResolve({ filter: /^(@noble\/curves\/|re2js$)/ }, ({ path, namespace, resolveDir }) =>
      path in seldomUsed && namespace !== 'real' ? { path, namespace: 'late', pluginData: resolveDir } : undefined,
    )
    builder.onLoad({ filter: /.*/, namespace: 'late' }, ({ path, pluginData }) => ({ contents: late(path), loader: 'js', pluginData }))
    builder.onResolve({ filter: /^real:/ }, ({ path, pluginData }) => ({ path: path.slice('real:'.length), namespace: 'real', pluginData }))
    builder.onLoad({ filter: /.*/, namespace: 'real' }, ({ path, pluginData }) => ({
      contents: `export { ${seldomUsed[path].join(', ')} } from '${path}'`,
      loader: 'js',
      resolveDir: pluginData,
    }))
    builder.onLoad({ filter: /kad-dht\/dist\/src\/routing-table\/generated-prefix-list\.js$/ }, async ({ path }) => ({
      contents: packed((await import(path)).default),
      loader: 'js',
    }))
    // Locks across the threads and processes of one program: for each lock a broadcast channel, with node:cluster loaded. There is one thread.
    builder.onLoad({ filter: /mortice\/dist\/src\/node\.js$/ }, ({ path }) => ({
      contents: "import { TypedEventEmitter } from 'main-event'\nexport default () => new TypedEventEmitter()",
      loader: 'js',
      resolveDir: dirname(path),
    }))
    // Each rule of a schema got its own copy of all messages: 1 MB for the schemas of the agent.
    patch(
      builder,
      /fastest-validator\/lib\/validator\.js$/,
      'Object.assign({}, this.messages, schema.messages)',
      '(schema.messages ? Object.assign({}, this.messages, schema.messages) : this.messages)',
    )
  },
}

/** `require` of a module inside the bundle runs it when it is called, not before. */
function late(path) {
  return seldomUsed[path]
    .map((name) => `export const ${name} = new Proxy({}, { get: (_target, key) => require('real:${path}').${name}[key] })`)
    .join('\n')
}

/** A table of 65,536 numbers below 2^24, of which the DHT reads one now and then: 260 kB of text instead of 1.2 MB of text and arrays. */
function packed(numbers) {
  const bytes = Buffer.alloc(3 * numbers.length)
  numbers.forEach((number, index) => bytes.writeUIntLE(number, 3 * index, 3))
  // Inside the function, so that the text is no object of its own while nobody asks.
  return `function read(index) {
  return Buffer.from(${JSON.stringify(bytes.toString('base64'))}.slice(4 * index, 4 * index + 4), 'base64').readUIntLE(0, 3)
}
export default new Proxy([], { get: (_target, index) => read(Number(index)) })`
}

function patch(builder, filter, from, to) {
  builder.onLoad({ filter }, ({ path }) => {
    const text = readFileSync(path, 'utf8')
    if (text.split(from).length !== 2) throw new Error(`${path} has changed: '${from}' must stand in it once`)
    return { contents: text.replace(from, () => to), loader: 'js' }
  })
}

/** The wasm module without its names of functions (0.7 MB, held in memory as it is read), which only stack traces of Rust show. */
export function withoutNames(wasm) {
  const kept = [wasm.subarray(0, 8)]
  for (let at = 8; at < wasm.length;) {
    const [length, body] = leb128(wasm, at + 1)
    const end = body + length
    const isNames = wasm[at] === 0 && wasm.toString('latin1', body + 1, body + 1 + wasm[body]) === 'name'
    if (!isNames) kept.push(wasm.subarray(at, end))
    at = end
  }
  return Buffer.concat(kept)
}

function leb128(bytes, at) {
  let value = 0
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return [value, at]
  }
}
