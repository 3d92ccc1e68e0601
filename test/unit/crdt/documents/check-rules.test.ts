// Faults of checks: where, what was found, what is allowed.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkDefaults } from '../../../../crdt/documents/defaults.ts'
import { checkSpec } from '../../../../crdt/documents/job-rules.ts'
import type { CheckSpec, JobSpec } from '../../../../crdt/spec.ts'
import { jobWith, sampleTask } from '../../../../simulator/sample-job.ts'

const asked: CheckSpec = { name: 'ready', type: 'http', port: 'http', ...checkDefaults, intervalMs: 10_000, timeoutMs: 2_000 }
const { port: _, ...unported } = asked
const probe: CheckSpec = { ...unported, type: 'exec', command: '/bin/probe' }
const network = { mode: 'host', ports: [{ label: 'http', static: null, to: null }] } as const
const checks = (...list: readonly CheckSpec[]): JobSpec => jobWith({ network, tasks: [sampleTask({ checks: list })] })

/** Below `groups/web/tasks/app/checks`. */
const faulty: Record<string, readonly [JobSpec, string, RegExp, RegExp]> = {
  'no type': [checks({ ...asked, type: 'grpc' as 'http' }), '/ready/type', /"grpc"/, /http, tcp, exec/],
  'no port': [checks(unported), '/ready/port', /nothing/, /^http$/],
  'another port': [checks({ ...asked, port: 'admin' }), '/ready/port', /"admin"/, /^http$/],
  'a port where there are none': [jobWith({}, { checks: [asked] }), '/ready/port', /"http"/, /declare one in network.ports/],
  'exec without a program': [checks({ ...unported, type: 'exec' }), '/ready/command', /nothing/, /a program/],
  'exec with a port': [checks({ ...probe, port: 'http' }), '/ready/port', /"http"/, /nothing in a check of type exec/],
  'tcp with a path': [checks({ ...asked, type: 'tcp', path: '/a' }), '/ready/path', /"\/a"/, /nothing in a check of type tcp/],
  'http with a program': [checks({ ...asked, command: 'x' }), '/ready/command', /"x"/, /nothing in a check of type http/],
  'half a path': [checks({ ...asked, path: 'health' }), '/ready/path', /"health"/, /begins with \//],
  'an odd header': [checks({ ...asked, headers: { 'a(b': 'x' } }), '/ready/header/a(b', /"a\(b"/, /the name of an HTTP header/],
  'a header that HTTP cannot send': [checks({ ...asked, headers: { a: 'Grüße an Łódź' } }), '/ready/header/a', /Łódź/, /Latin-1/],
  'a header of two lines': [checks({ ...asked, headers: { a: 'x\r\ny' } }), '/ready/header/a', /x/, /one line/],
  'too often': [checks({ ...asked, intervalMs: 999, timeoutMs: 500 }), '/ready/interval', /999ms/, /1s to 1d/],
  'one that overlaps itself': [checks({ ...asked, timeoutMs: 11_000 }), '/ready/timeout', /11s/, /no more than the interval, 10s/],
  'one that takes too long': [checks({ ...asked, intervalMs: 600_000, timeoutMs: 61_000 }), '/ready/timeout', /61s/, /100ms to 1m/],
  'one with which no copy is ever healthy': [
    checks({ ...asked, successBeforePassing: 30 }),
    '/ready/success_before_passing',
    /30 at intervals of 10s/,
    /within healthy_deadline, 5m; or on_update: ignore/,
  ],
  'too many': [checks(...Array.from({ length: 9 }, (_one, index) => ({ ...asked, name: `c${index}` }))), '', /9/, /0 to 8/],
  'the same twice': [checks(asked, asked), '/ready', /check "ready" a second time/, /each check once/],
}

for (const [what, [spec, path, found, allowed]] of Object.entries(faulty)) {
  test(`one fault: ${what}`, () => {
    const faults = checkSpec(spec)
    assert.deepEqual(
      faults.map((fault) => fault.path),
      [`groups/web/tasks/app/checks${path}`],
    )
    assert.match(faults[0]!.found, found)
    assert.match(faults[0]!.allowed, allowed)
  })
}

test('checks of each type, with all that they may have', () => {
  const full: CheckSpec = {
    ...asked,
    path: '/health?deep=1',
    method: 'POST',
    headers: { 'X-From': 'shoal' },
    body: '{}',
    successBeforePassing: 29,
    checkRestart: { limit: 3, graceMs: 60_000 },
  }
  const all = [full, { ...asked, name: 'tcp', type: 'tcp' }, { ...probe, name: 'exec', args: ['a\nb', ''] }] as const
  assert.deepEqual(checkSpec(checks(...all)), [])
  assert.deepEqual(checkSpec(checks({ ...asked, successBeforePassing: 100, onUpdate: 'ignore' })), [])
})
