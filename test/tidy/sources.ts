// All text files of the project, and the syntax trees of the TypeScript among them, read once for each tidy test.

import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { root } from './plant.ts'

export interface SourceFile {
  readonly path: string
  readonly text: string
  readonly tree: ts.SourceFile
}

/** What .gitignore names, and git itself. */
const left = new Set(['.git', 'node_modules', 'dist', 'coverage', '.shoal'])
const isText = /\.(ts|mjs|json|md|yaml|yml|sh|service|toml|txt)$|(^|\/)(\.[a-z]+rc|\.gitignore|\.editorconfig|LICENSE|run|install)$/

function list(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .filter((entry) => !left.has(entry.name) && !entry.name.endsWith('.log'))
    .flatMap((entry) => (entry.isDirectory() ? list(join(folder, entry.name)) : [join(folder, entry.name)]))
}

/** Every file by its path from the root. */
export const paths: readonly string[] = list('').sort()

export const texts: ReadonlyMap<string, string> = new Map(
  paths.filter((path) => isText.test(path)).map((path) => [path, readFileSync(join(root, path), 'utf8')]),
)

export const sources: readonly SourceFile[] = [...texts]
  .filter(([path]) => path.endsWith('.ts'))
  .map(([path, text]) => ({ path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true) }))

export function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node)
  node.forEachChild((child) => visit(child, look))
}
