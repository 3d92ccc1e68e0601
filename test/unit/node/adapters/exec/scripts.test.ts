// The environment as it passes through the shells of boards: byte for byte, whatever the names and values.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { asUser, environmentLines } from '../../../../../node/adapters/exec/scripts.ts'

const shells = ['/bin/sh', '/bin/bash', '/bin/busybox'].filter((shell) => existsSync(shell))

/** As boards call it, whichever shell that is. */
function throughShell(
  shell: string,
  input: string,
  folder = '',
): { readonly status: number | null; readonly env: Readonly<Record<string, string>> } {
  const program = ['/usr/bin/env', '-0']
  const { status, stdout } = spawnSync(shell, ['-c', asUser, 'shoal-task', folder, ...program], { input, env: {}, argv0: 'sh' })
  const entries = stdout.toString().split('\0').filter(Boolean)
  return {
    status,
    env: Object.fromEntries(entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)])),
  }
}

/** What shells add of their own. */
function without(env: Readonly<Record<string, string>>, asked: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => Object.hasOwn(asked, name) || !['PATH', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)),
  )
}

const name = fc.oneof(
  fc.constantFrom('IFS', 'UID', 'PPID', 'OPTIND', 'SECONDS', 'PATH', 'ENV', 'shoal_line', 'shoal_put', 'shoal_all', 'BASHOPTS', 'PWD', 'A'),
  fc.stringMatching(/^[A-Za-z_.-][A-Za-z0-9_.-]{0,6}$/),
)
const value = fc.oneof(
  fc.constantFrom(
    '',
    '.',
    '=',
    '+',
    '!',
    '?',
    '\n',
    '\n.\n',
    'a\n+b\n',
    '$(exit 3)',
    '`exit 3`',
    "'",
    '"',
    '\\',
    'a\\nb',
    ' a  b ',
    '\r\n',
    'ü→',
  ),
  fc.array(fc.constantFrom('a', '\n', '.', '+', '=', '!', '\\', ' ', '\t', '$', '"', "'"), { maxLength: 12 }).map((all) => all.join('')),
)

test('every shell here hands each value on as it is, and nothing else', () => {
  assert.ok(shells.length > 0)
  for (const shell of shells) {
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 6, noNullPrototype: true }), (env) => {
        const { status, env: seen } = throughShell(shell, environmentLines(env))
        assert.equal(status, 0)
        assert.deepEqual(without(seen, env), env, shell)
      }),
      { numRuns: 60 },
    )
  }
})

test('where the supervisor stood is not told, unless the job has a variable of that name', () => {
  for (const shell of shells) {
    assert.equal(throughShell(shell, environmentLines({}), '/').env['OLDPWD'], undefined, shell)
    assert.equal(throughShell(shell, environmentLines({ OLDPWD: 'x' }), '/').env['OLDPWD'], 'x', shell)
  }
})

test('nothing is started when the lines end before their end', () => {
  const whole = environmentLines({ A: '1', B: '2' })
  for (let bytes = 0; bytes < whole.length - 2; bytes++) assert.equal(throughShell('/bin/sh', whole.slice(0, bytes)).status, 125)
  assert.equal(throughShell('/bin/sh', whole).status, 0)
})
