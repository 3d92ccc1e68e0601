// docs/errors.md and the code name the same codes: a new code is documented, and one that is gone is taken out.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import ts from 'typescript'
import { root } from './plant.ts'
import { type SourceFile, sources, visit } from './sources.ts'

const product = sources.filter(({ path }) => /^(crdt|scheduler|node|cli)\//.test(path))
const documented = new Set(
  [...readFileSync(join(root, 'docs/errors.md'), 'utf8').matchAll(/^\| `([^`]+)` \|/gm)].map(([, code]) => code ?? ''),
)

const unionNames = ['Reason', 'Rejection', 'HeldReason']

/** `E_…` anywhere in a program's text, also in comments: a comment that names a code that is gone misleads. */
function coded(file: SourceFile): string[] {
  return [...file.text.matchAll(/\bE_[A-Z0-9_]+\b/g)].map(([code]) => code)
}

/** The planner's reasons: the members of two unions. */
function reasons(file: SourceFile): string[] {
  const found: string[] = []
  visit(file.tree, (node) => {
    if (!ts.isTypeAliasDeclaration(node) || !unionNames.includes(node.name.text)) return
    visit(node.type, (part) => {
      if (ts.isLiteralTypeNode(part) && ts.isStringLiteral(part.literal)) found.push(part.literal.text)
    })
  })
  return found
}

/** Why claims end or are not healthy: what `end`, `fail`, `stopWhatIsLeft`, `reason:` and `.reason =` are given, up to the colon. Words without a code have spaces before it. */
function endings(file: SourceFile): string[] {
  const found: string[] = []
  const take = (value: ts.Expression | undefined): void => {
    if (value === undefined) return
    if (ts.isConditionalExpression(value)) return [value.whenTrue, value.whenFalse].forEach(take)
    const text = ts.isStringLiteralLike(value) ? value.text : ts.isTemplateExpression(value) ? value.head.text : ''
    const code = /^[a-z]+(?:-[a-z]+)*(?=:|$)/.exec(text)?.[0]
    if (code !== undefined) found.push(code)
  }
  visit(file.tree, (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && ['end', 'fail', 'stopWhatIsLeft'].includes(node.expression.text))
      take(node.arguments.at(-1))
    if (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'reason') take(node.initializer)
    if (ts.isBinaryExpression(node) && ts.isPropertyAccessExpression(node.left) && node.left.name.text === 'reason') take(node.right)
  })
  return found
}

test('every code in the program is in docs/errors.md, and every code there is in the program', () => {
  const planner = product.filter(({ path }) => path === 'scheduler/types.ts' || path === 'crdt/view.ts').flatMap(reasons)
  const claims = product.filter(({ path }) => /^(scheduler\/actions|node\/core\/(?!liveness))/.test(path)).flatMap(endings)
  assert.ok(planner.length > 20, 'the unions of reasons were found')
  assert.ok(claims.length > 8, 'the ends of claims were found')
  const used = new Set([...product.flatMap(coded), ...planner, ...claims])
  assert.deepEqual([...used].filter((code) => !documented.has(code)).sort(), [], 'in the program, not in docs/errors.md')
  assert.deepEqual([...documented].filter((code) => !used.has(code)).sort(), [], 'in docs/errors.md, not in the program')
})

test('the CLI has words for every reason of the planner', () => {
  const planner = product.filter(({ path }) => path === 'scheduler/types.ts').flatMap(reasons)
  const words = product.find(({ path }) => path === 'cli/render/reasons.ts')?.text ?? ''
  for (const code of planner) assert.match(words, new RegExp(`^ {2}'?${code}'?: '`, 'm'), `cli/render/reasons.ts lacks '${code}'`)
})

test('each code has one line, with words in each column', () => {
  const rows = readFileSync(join(root, 'docs/errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
  const codes = rows.map((row) => row.split('`')[1] ?? '')
  assert.deepEqual(
    codes.filter((code, index) => codes.indexOf(code) !== index),
    [],
    'no code twice',
  )
  for (const row of rows) assert.match(row, /^\| `[^`]+` \| \S.* \| \S.* \|$/, row)
})
