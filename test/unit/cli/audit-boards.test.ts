// `audit --boards`: what boards signed about themselves, rebuilt and checked by the command line; against simulated boards.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuditRow } from '../../../cli/documents/audit.ts'
import { nodeDocId } from '../../../crdt/ids.ts'
import { cliOnWorld } from '../../support/cli-on-world.ts'
import { bootPool } from '../../support/pool.ts'

test('boards’ own documents are audited on demand, by their names; the rest is as without them', async () => {
  const { world, boards } = bootPool(3)
  const cli = await cliOnWorld(world, () => boards[0]!)
  const rowsOf = async (...words: string[]): Promise<readonly AuditRow[]> => {
    const { exitCode, stdout, stderr } = await cli.run(['audit', ...words, '-o', 'json'])
    assert.equal(exitCode, 0, stderr)
    return (JSON.parse(stdout) as { readonly changes: readonly AuditRow[] }).changes
  }
  try {
    const without = await rowsOf()
    assert.ok(without.every(({ doc }) => !doc.startsWith('node/')))
    const all = await rowsOf('--boards')
    assert.deepEqual(
      all.filter(({ doc }) => !doc.startsWith('node/')),
      without,
    )
    for (const { spec } of boards) {
      const own = all.filter(({ doc }) => doc === nodeDocId(spec.id))
      assert.ok(own.length > 0 && own.every(({ author, counts }) => author === spec.id && counts), spec.name)
      assert.ok(own.some(({ changes }) => changes.some(({ path, before }) => path === 'name' && before === null)))
    }
    assert.equal(new Set(all.map(({ hash }) => hash)).size, all.length)
    const { stdout } = await cli.run(['audit', '--boards', '--doc', 'node/'])
    for (const { spec } of boards) assert.match(stdout, new RegExp(`  ${spec.name} \\([^)]+\\)  node/`))
    assert.deepEqual(
      (await rowsOf('--boards', '--by', 'b1')).map(({ author }) => author),
      all.filter(({ author }) => author === boards[1]!.spec.id).map(({ author }) => author),
    )
  } finally {
    await cli.close()
  }
})
