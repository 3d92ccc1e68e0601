// Rules that no other tool checks: sizes, names, words that must not be here, a README in every folder. Sizes are a ratchet: what
// was longer when the rule came may shrink and never grow; nothing new joins the list.

import assert from 'node:assert/strict'
import { dirname, posix } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { type SourceFile, paths, sources, texts, visit } from './sources.ts'

const fileLinesMax = 400
const functionLinesMax = 70
const readmeLinesMax = 60

/** File → its length when the rule came. */
const longFiles: Readonly<Record<string, number>> = {}
/** `file name` → its length when the rule came. */
const longFunctions: Readonly<Record<string, number>> = {}

const linesOf = (text: string): number => text.replace(/\n$/, '').split('\n').length

test('no file is longer than 400 lines', () => {
  const tooLong = sources
    .map(({ path, text }) => ({ path, lines: linesOf(text) }))
    .filter(({ path, lines }) => lines > Math.max(fileLinesMax, longFiles[path] ?? 0))
  assert.deepEqual(tooLong, [])
})

test('no function is longer than 70 lines', () => {
  const tooLong = sources
    .flatMap((file) => functionsOf(file))
    .filter(({ key, lines }) => lines > Math.max(functionLinesMax, longFunctions[key] ?? 0))
  assert.deepEqual(tooLong, [])
})

test('the lists of what is too long name only what still is', () => {
  const stale = Object.keys(longFiles).filter((path) => linesOf(texts.get(path) ?? '') <= fileLinesMax)
  const lengths = new Map(sources.flatMap((file) => functionsOf(file)).map(({ key, lines }) => [key, lines]))
  stale.push(...Object.keys(longFunctions).filter((key) => (lengths.get(key) ?? 0) <= functionLinesMax))
  assert.deepEqual(stale, [])
})

function functionsOf({ path, tree }: SourceFile): { key: string; lines: number }[] {
  const found: { key: string; lines: number }[] = []
  visit(tree, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined || isListOfTests(node)) return
    const from = tree.getLineAndCharacterOfPosition(node.getStart(tree)).line
    const to = tree.getLineAndCharacterOfPosition(node.end).line
    found.push({ key: `${path} ${nameOf(node, from)}`, lines: to - from + 1 })
  })
  return found
}

/** What holds other tests is a list, not a piece of logic. */
function isListOfTests(node: ts.Node): boolean {
  let isOne = false
  node.forEachChild((child) =>
    visit(child, (inner) => {
      if (ts.isCallExpression(inner) && ts.isIdentifier(inner.expression) && ['describe', 'test', 'it'].includes(inner.expression.text))
        isOne = true
    }),
  )
  return isOne
}

function nameOf(node: ts.SignatureDeclaration, line: number): string {
  if (node.name !== undefined) return node.name.getText()
  return ts.isVariableDeclaration(node.parent) || ts.isPropertyAssignment(node.parent) ? node.parent.name.getText() : `line ${line + 1}`
}

test('files have kebab-case names, and no folder or file is called after nothing in particular', () => {
  const kebab = /^\.?[a-z0-9]+([-.][a-z0-9]+)*$/
  const exempt = new Set(['README.md', 'CHANGELOG.md', 'LICENSE', 'SECURITY.md', 'CONTRIBUTING.md'])
  const vague = /^(utils?|helpers?|managers?|misc|common|index)(\.|$)/
  const parts = new Set(paths.flatMap((path) => path.split('/')))
  assert.deepEqual(
    [...parts].filter((part) => !exempt.has(part) && !kebab.test(part)),
    [],
    'kebab-case',
  )
  assert.deepEqual(
    [...parts].filter((part) => vague.test(part)),
    [],
    'a name that says what it is',
  )
})

test('no leftovers of an afternoon', () => {
  assert.deepEqual(
    paths.filter((path) => /\.(tmp|bak|orig|rej|swp)(\.|$)/.test(path)),
    [],
  )
})

/** Pattern → why it must not be in the tree. Written so that this file does not match itself. */
const banned: readonly (readonly [RegExp, string])[] = [
  [/\/(?:work|root|farm)\/[a-z]/, 'a path of somebody’s machine'],
  [/\/home\/(?!pi\b|shoal\b|user\b)[a-z]/, 'a path of somebody’s machine'],
  [/\/tmp\/brief/, 'a path of somebody’s machine'],
  [/"resolved": *"http|registry\.npmjs\.org|npm\.pkg\.github/, 'a registry’s host: whoever installs chooses the registry'],
  [/\b(?:TO|FIX)(?:DO|ME)\b(?!\(#\d+\))/, 'a marker without the number of an issue, as in TO\u200bDO(#12)'],
  [/\bX{3}\b/, 'a marker without the number of an issue'],
  [/^(?:<{7}|>{7}|={7})(?: |$)/m, 'a merge conflict'],
  [/@ts-(?:ignore|nocheck)/, 'switches the compiler off; @ts-expect-error says what for'],
  [/\b(?:describe|test|it)\.(?:only|skip|todo)\(/, 'a test that is left out in silence'],
]

test('words that must not be here', () => {
  const found = [...texts].flatMap(([path, text]) =>
    banned.flatMap(([pattern, why]) => {
      const at = text.search(pattern)
      return at < 0 ? [] : [`${path}:${linesOf(text.slice(0, at + 1))}: ${pattern.exec(text)?.[0]}: ${why}`]
    }),
  )
  assert.deepEqual(found, [])
})

test('named exports only', () => {
  const defaults = sources.filter(({ tree }) => tree.statements.some((statement) => isDefaultExport(statement))).map(({ path }) => path)
  assert.deepEqual(defaults, [])
})

function isDefaultExport(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true
  return (
    ts.canHaveModifiers(statement) && (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.DefaultKeyword)
  )
}

test('every module of the product says at its head what it is for', () => {
  const product = sources.filter(({ path }) => /^(crdt|scheduler|node|cli|simulator)\//.test(path) && !path.endsWith('.d.ts'))
  const silent = product.filter(({ text }) => !/^(#!.*\n)?(\/\/|\/\*\*?)/.test(text)).map(({ path }) => path)
  assert.deepEqual(silent, [])
})

test('every folder with sources has a README of at most 60 lines, or its parent speaks for it', () => {
  // The folders of tests mirror those of the product: test/README.md speaks for them. So does docs/README.md for docs/.
  const spokenFor = /^(test|docs)\/|^(bench|cli|node\/core|crdt)\/[a-z-]+$|^examples\/scenarios\/jobs$|^\.$|^\.ci$/
  const folders = new Set(paths.map((path) => dirname(path)))
  const lacking = [...folders].filter((folder) => !spokenFor.test(folder) && !texts.has(`${folder}/README.md`))
  assert.deepEqual(lacking, [], 'folders without a README.md')
  const long = [...texts].filter(([path, text]) => path.endsWith('/README.md') && linesOf(text) > readmeLinesMax).map(([path]) => path)
  assert.deepEqual(long, [], 'longer than 60 lines')
})

test('what a README names with a path is there', () => {
  const found = [...texts]
    .filter(([path]) => path.endsWith('README.md') || path === 'docs/architecture.md')
    .flatMap(([path, text]) => namedFiles(text).map((named) => ({ path, named })))
    .filter(({ path, named }) => !exists(named) && !exists(posix.join(dirname(path), named)))
  assert.deepEqual(found, [])
})

/** `folder/file.ts` in backticks; patterns with braces or stars are left alone. */
function namedFiles(text: string): string[] {
  return [...text.matchAll(/`([a-z0-9./-]+\/[a-z0-9.-]+\.(?:ts|mjs|md|yaml|json|sh))`/g)].map(([, path]) => path ?? '')
}

function exists(path: string): boolean {
  return paths.includes(posix.normalize(path))
}

test('the glossary has the words that the types use', () => {
  const glossary = texts.get('docs/glossary.md') ?? ''
  const words = [
    'fleet',
    'node',
    'pool',
    'operator',
    'job',
    'group',
    'task',
    'slot',
    'claim',
    'allocation',
    'rank',
    'score',
    'generation',
    'form',
    'heir',
  ]
  const more = ['holder', 'unknown', 'link state', 'view', 'plan', 'epoch', 'envelope', 'gate', 'settle time']
  const defined = [...glossary.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell]) => (cell ?? '').split(',').map((word) => word.trim()))
  assert.deepEqual(
    [...words, ...more].filter((word) => !defined.includes(word)),
    [],
  )
})

test('versions are exact, and the lock file names no registry', () => {
  const manifest = JSON.parse(texts.get('package.json') ?? '{}') as Record<string, Record<string, string> | undefined>
  const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] })
  assert.ok(versions.length > 20)
  assert.deepEqual(
    versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version)),
    [],
  )
  assert.doesNotMatch(texts.get('package-lock.json') ?? '', /"resolved":/)
})

test('the lock file holds the packages of every platform: without them `npm ci` refuses to install', () => {
  const { packages } = JSON.parse(texts.get('package-lock.json') ?? '{}') as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>
  }
  const lacking = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !isLocked(packages, path, name)),
  )
  assert.deepEqual(lacking, [])
})

/** In its own node_modules or one further up, as Node looks for it. */
function isLocked(packages: Readonly<Record<string, unknown>>, from: string, name: string): boolean {
  const here = `${from}${from === '' ? '' : '/'}node_modules/${name}`
  if (packages[here] !== undefined) return true
  return from !== '' && isLocked(packages, from.slice(0, Math.max(0, from.lastIndexOf('/node_modules/'))), name)
}
