// One file for the agent and its CLI (`shoal`), beside it what is native or wasm, and no node_modules. What is left out of the
// libraries or loaded late is in slim.mjs.
import { build } from 'esbuild'
import { chmodSync, cpSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { slim, withoutNames } from './slim.mjs'

const require = createRequire(import.meta.url)
const root = join(import.meta.dirname, '..')
const dist = join(root, 'dist')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

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
  // Names too: keeping them costs an agent 1.5 MB. Nothing asks a class or a function for its name; errors of the libraries set theirs.
  minify: true,
  // For a stack trace out of the field: the same version builds the same text, `npm run build -- --map` its map.
  sourcemap: process.argv.includes('--map') ? 'external' : false,
  metafile: true,
  legalComments: 'none',
  logLevel: 'warning',
  define: { __SHOAL_VERSION__: JSON.stringify(version) },
  inject: [join(root, 'node/polyfill.ts')],
  plugins: [slim],
  banner: {
    js: [
      "import { createRequire as __createRequire } from 'node:module'",
      "import { fileURLToPath as __fileURLToPath } from 'node:url'",
      "import { dirname as __pathDirname } from 'node:path'",
      'const require = __createRequire(import.meta.url), __filename = __fileURLToPath(import.meta.url), __dirname = __pathDirname(__filename)',
    ].join('\n'),
  },
})
const wasm = readFileSync(join(dirname(require.resolve('@automerge/automerge')), '../cjs/automerge_wasm_bg.wasm'))
writeFileSync(join(dist, 'automerge_wasm_bg.wasm'), withoutNames(wasm))
cpSync(join(dirname(require.resolve('classic-level/package.json')), 'prebuilds'), join(dist, 'prebuilds'), { recursive: true })
copyFileSync(join(root, 'deploy/shoal.sh'), join(dist, 'shoal'))
for (const script of ['uninstall.sh', 'end-tasks.sh']) copyFileSync(join(root, 'deploy', script), join(dist, script))
// What `shoal provision` writes beside the program.
for (const part of ['install.sh', 'shoal.service', 'containers-only.conf', 'ansible', 'compose', 'deb'])
  cpSync(join(root, 'deploy', part), join(dist, 'board', part), { recursive: true, filter: (path) => !path.endsWith('README.md') })
writeFileSync(join(dist, 'board/version'), `${version}\n`)
for (const program of ['shoal', 'shoal.mjs']) chmodSync(join(dist, program), 0o755)
const { bytes } = Object.values(metafile.outputs).find((output) => output.entryPoint !== undefined)
console.error(`dist/shoal.mjs ${(bytes / 1e6).toFixed(2)} MB`)
