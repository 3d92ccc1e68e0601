import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configDefaults, networkDefaults } from '../../../../crdt/documents/defaults.ts'
import { checkSpec } from '../../../../crdt/documents/job-rules.ts'
import { checkReferences } from '../../../../crdt/documents/reference-rules.ts'
import type { JobSpec, TaskSpec } from '../../../../crdt/spec.ts'
import { jobWith, sampleJob } from '../../../../simulator/sample-job.ts'
import { check } from '../../../support/checks.ts'
import { template } from '../../../support/templates.ts'

const app = 'groups/web/tasks/app'
const task = (changes: Partial<TaskSpec>): JobSpec => ({
  ...jobWith(
    { meta: { team: 'a' }, network: { ...networkDefaults, ports: [{ label: 'my-web', static: null, to: null }] } },
    { env: { RATE: '1' }, meta: { 'a.b': 'c' }, ...changes },
  ),
  meta: { owner: 'x' },
})
const args = (...texts: readonly string[]): JobSpec => task({ config: { ...configDefaults, command: 'x', args: texts } })
const docker = (image: string): JobSpec => task({ driver: 'docker', config: { ...configDefaults, image } })

test('what a board may know passes', () => {
  const sound: readonly JobSpec[] = [
    args('${SHOAL_JOB}', '${SHOAL_PORT_my_web}', '${SHOAL_META_a_b}${SHOAL_META_team}${SHOAL_META_owner}', '${SHOAL_TASK_ID}'),
    args('${env["RATE"]}', '${env["SHOAL_ALLOC"]}', '${node.unique.id}${node.unique.name}${node.pool}', '${attr.x}${label.a/b}${meta.c}'),
    args('${HOME}', '${1:-x}', '$${SHOAL_NONE}', '$${node.class}', '${RATE}'),
    docker('registry/${attr.cpu.arch}/app:${SHOAL_META_team}'),
    { ...args('${SHOAL_RUN}'), type: 'batch', periodic: {} as never },
    { ...args('${SHOAL_META_site}'), parameterized: { payload: 'optional', metaRequired: ['site'], metaOptional: [] } },
    { ...task({ env: { DIR: '${SHOAL_TASK_DIR}/in' }, dispatchPayloadFile: 'in' }) },
    { ...args('${var.LEVEL}', '$${var.NONE}'), variables: { LEVEL: 'info' } },
    task({ templates: [template({ data: '${SHOAL_TASK_DIR} ${SHOAL_PORT_my_web} ${env["RATE"]} ${label.zone}' })] }),
  ]
  for (const spec of sound) assert.deepEqual(checkReferences(spec), [])
})

test('what no board can know is refused, with what there is', () => {
  const faulty: readonly (readonly [spec: JobSpec, path: string, found: string, allowed: RegExp])[] = [
    [
      args('a', '${SHOAL_NONE}'),
      `${app}/config/args/1`,
      '"${SHOAL_NONE}"',
      /SHOAL_JOB.*SHOAL_PORT_my_web, SHOAL_META_owner.*; \$\$\{ for a plain \$\{$/,
    ],
    [args('${SHOAL_ALLOC_ID}'), `${app}/config/args/0`, '"${SHOAL_ALLOC_ID}"', /^SHOAL_ALLOC;/],
    [args('${SHOAL_PORT_my-web}'), `${app}/config/args/0`, '"${SHOAL_PORT_my-web}"', /^SHOAL_PORT_my_web;/],
    [args('${SHOAL_META_nobody}'), `${app}/config/args/0`, '"${SHOAL_META_nobody}"', /^SHOAL_META_owner, SHOAL_META_team, SHOAL_META_a_b;/],
    [args('${SHOAL_RUN}'), `${app}/config/args/0`, '"${SHOAL_RUN}"', /SHOAL_JOB/],
    [args('${SHOAL_TASK_DIR}'), `${app}/config/args/0`, '"${SHOAL_TASK_DIR}"', /SHOAL_JOB/],
    [args('${node.datacenter}'), `${app}/config/args/0`, '"${node.datacenter}"', /\$\{node\.unique\.id\}.*\$\{node\.pool\};/],
    [args('${env["NONE"]}'), `${app}/config/args/0`, '"${env[\\"NONE\\"]}"', /an entry of the task's env \(RATE\)/],
    [task({ env: { A: 'x', 'B/C': '${env["A"]}' } }), `${app}/env/B%2FC`, '"${env[\\"A\\"]}"', /do not see one another/],
    [args('${var.NONE}'), `${app}/config/args/0`, '"${var.NONE}"', /^a variable of the job \(it has none: add a block variables\);/],
    [{ ...args('${var.none}'), variables: { A: '', B: '' } }, `${app}/config/args/0`, '"${var.none}"', /^a variable of the job \(A, B\);/],
    [
      task({ templates: [template(), template({ destination: 'b', data: 'x\n${node.class}' })] }),
      `${app}/templates/1/data`,
      '"${node.class}"',
      /node\.pool/,
    ],
    [{ ...docker('app:${var.TAG}'), variables: { TAG: '1' } }, `${app}/config/image`, '"${var.TAG}"', /another version of the job/],
    [docker('app:${SHOAL_PORT_my_web}'), `${app}/config/image`, '"${SHOAL_PORT_my_web}"', /no port/],
    [task({ checks: [check({ port: 'my-web', path: '/${node.}' })] }), `${app}/checks/ready/path`, '"${node.}"', /node\.pool/],
    [
      task({ checks: [check({ port: 'my-web', headers: { 'X-A': '${SHOAL_X}' } })] }),
      `${app}/checks/ready/header/X-A`,
      '"${SHOAL_X}"',
      /SHOAL_JOB/,
    ],
  ]
  for (const [spec, path, found, allowed] of faulty) {
    const faults = checkReferences(spec)
    assert.deepEqual(
      faults.map((one) => [one.path, one.found]),
      [[path, found]],
    )
    assert.match(faults[0]!.allowed, allowed)
    // Boards go on with what was signed before these rules.
    assert.deepEqual(checkSpec(spec), [], path)
  }
})

test('a job without names in braces has no faults', () => assert.deepEqual(checkReferences(sampleJob()), []))
