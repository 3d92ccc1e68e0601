// Plants a bug: bundles the simulator with a few words of one source file replaced, and loads that. The product's files stay as they
// are and know nothing of it. Words that are no longer there are an error: a bug that was not planted is not caught.

import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import type { drawPlan } from '../../simulator/chaos/draw.ts'
import type { runChaos } from '../../simulator/chaos/run.ts'
import type { shrink } from '../../simulator/chaos/shrink.ts'
import type { createCore } from '../../node/core/step.ts'
import type { PlantedBug } from './bug.ts'

export interface Planted {
  readonly drawPlan: typeof drawPlan
  readonly runChaos: typeof runChaos
  readonly shrink: typeof shrink
  readonly createCore: typeof createCore
}

const root = fileURLToPath(new URL('../..', import.meta.url))

const entry = `
export { drawPlan } from './simulator/chaos/draw.ts'
export { runChaos } from './simulator/chaos/run.ts'
export { shrink } from './simulator/chaos/shrink.ts'
export { createCore } from './node/core/step.ts'
`

/** Throws when what it replaces is no longer there. */
export async function findWords({ name, edits }: PlantedBug): Promise<void> {
  for (const edit of edits) replaceOnce(name, await readFile(join(root, edit.file), 'utf8'), edit)
}

export async function plant(bug: PlantedBug): Promise<Planted> {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-planted-'))
  try {
    const outfile = join(folder, `${bug.name}.mjs`)
    await build({
      stdin: { contents: entry, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      logLevel: 'silent',
      plugins: [
        {
          name: 'plant',
          setup(builder) {
            // Packages are shared with everybody else and found from here, wherever the bundle lies.
            builder.onResolve({ filter: /^@/ }, ({ path }) => ({ path: import.meta.resolve(path), external: true }))
            builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
              const edits = bug.edits.filter((edit) => path === join(root, edit.file))
              const text = await readFile(path, 'utf8')
              return { loader: 'ts', contents: edits.reduce((changed, edit) => replaceOnce(bug.name, changed, edit), text) }
            })
          },
        },
      ],
    })
    return (await import(pathToFileURL(outfile).href)) as Planted
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function replaceOnce(name: string, text: string, { file, find, replace }: PlantedBug['edits'][number]): string {
  const parts = text.split(find)
  if (parts.length !== 2) throw new Error(`planted bug ${name}: ${file} has ${parts.length - 1} times what is to be replaced: ${find}`)
  return parts.join(replace)
}
