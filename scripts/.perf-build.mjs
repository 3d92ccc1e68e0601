// One file per program: the agent with its CLI (`shoal`), the demo and the benches, without node_modules beside what is native
// or wasm. Unused parts of dockerode (ssh, BuildKit) are stubbed: they are most of its size and none of its use here.
import { build } from 'esbuild'
import { chmodSync, cpSync, copyFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)
const root = join(import.meta.dirname, '..')
const dist = process.env.OUT ?? join(root, 'dist')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

const stubs = {
  name: 'stubs',
  setup(builder) {
    builder.onResolve({ filter: /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs|cpu-features)(\/.*)?$/ }, ({ path }) => ({ path, namespace: 'stub' }))
    // dockerode asks these for classes when it is loaded and for connections never.
    builder.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'module.exports = new Proxy(function () {}, { get: (_t, key) => (key === "__esModule" ? false : module.exports), construct: () => ({}), apply: () => module.exports })', loader: 'js' }))
  },
}

rmSync(dist, { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
const { metafile } = await build({
  entryPoints: { shoal: join(root, 'cli/main.ts') },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  minifySyntax: true,
  minifyWhitespace: true,
  keepNames: true,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { __SHOAL_VERSION__: JSON.stringify(version) },
  inject: [join(root, 'node/polyfill.ts')],
  plugins: [stubs],
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module'",
      "import { fileURLToPath as __fileURLToPath } from 'node:url'",
      "import { dirname as __pathDirname } from 'node:path'",
      'const require = __createRequire(import.meta.url), __filename = __fileURLToPath(import.meta.url), __dirname = __pathDirname(__filename)',
    ].join('\n'),
  },
})
copyFileSync(join(dirname(require.resolve('@automerge/automerge')), '../cjs/automerge_wasm_bg.wasm'), join(dist, 'automerge_wasm_bg.wasm'))
cpSync(join(dirname(require.resolve('classic-level/package.json')), 'prebuilds'), join(dist, 'prebuilds'), { recursive: true })
copyFileSync(join(root, 'deploy/shoal.sh'), join(dist, 'shoal'))
for (const program of ['shoal', 'shoal.mjs']) chmodSync(join(dist, program), 0o755);
;(await import('node:fs')).writeFileSync(join(dist, 'meta.json'), JSON.stringify(metafile));const bytes = Object.values(metafile.outputs)[0].bytes
console.error(`dist/shoal.mjs ${(bytes / 1e6).toFixed(2)} MB`)
