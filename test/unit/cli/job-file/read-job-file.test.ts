// Bad files and their exact messages, one table; and what a good file becomes.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { describe, it } from 'node:test'

import { faultLine } from '../../../../cli/job-file/fault.ts'
import { readJobFile, readJobFiles } from '../../../../cli/job-file/read-job-file.ts'
import { jobTemplate } from '../../../../cli/job-file/template.ts'
import { checkSpec } from '../../../../crdt/documents/job-rules.ts'

function faults(text: string): readonly string[] {
  const read = readJobFile('f.yaml', text)
  return read.ok ? [] : read.faults.map((fault) => faultLine(fault).replace('f.yaml:', ''))
}

const task = 'tasks: { app: { driver: raw_exec, config: { command: /bin/true } } }'
const nameWords = 'a to z, 0 to 9 and dashes, at most 63 characters, no dash at either end'

/** The lines below `groups: main:` → the faults; the first of them is line 4 of the file. */
const inGroup: readonly [string, readonly string[]][] = [
  [`    count: three\n    ${task}`, ['4:12: groups.main.count: found "three"; allowed: a whole number from 0 to 50000']],
  [`    count: 1.5\n    ${task}`, ['4:12: groups.main.count: found 1.5; allowed: a whole number from 0 to 50000']],
  [`    count: -1\n    ${task}`, ['4:12: groups.main.count: found -1; allowed: a whole number from 0 to 50000']],
  [`    count:\n    ${task}`, ['4:11: groups.main.count: found nothing; allowed: a whole number from 0 to 50000']],
  [
    `    cuont: 2\n    ${task}`,
    [
      "4:5: groups.main.cuont: found the unknown key 'cuont' (did you mean 'count'?); allowed: affinities, constraints, count, disconnect, disk, meta, migrate, network, reschedule, restart, shutdown_delay, spread, tasks, update",
    ],
  ],
  [
    `    disk: 300\n    ${task}`,
    ["4:11: groups.main.disk: found 300; allowed: a size with its unit (MiB, GiB, TiB), such as 64 MiB; write '300 MiB' or '300 GiB'"],
  ],
  [
    `    disk: 1 MiB\n    ${task}`,
    [
      '4:11: groups.main.disk: found 1 MiB; allowed: 10 MiB to 16777216 MiB',
      "5:14: groups.main.tasks.app.logs: found 10 files of 10 MiB; allowed: no more than the group's disk, 1 MiB",
    ],
  ],
  [`    restart: [1]\n    ${task}`, ['4:14: groups.main.restart: found a list; allowed: a map with attempts, interval, delay, mode']],
  [`    restart: { interval: 1s }\n    ${task}`, ['4:26: groups.main.restart.interval: found 1s; allowed: 5s to 366d']],
  [
    `    update: { min_healthy_time: 10m }\n    ${task}`,
    ['4:33: groups.main.update.min_healthy_time: found 10m; allowed: less than healthy_deadline, 5m'],
  ],
  [
    `    disconnect: { partition: majority }\n    ${task}`,
    ['4:30: groups.main.disconnect.partition: found "majority"; allowed: half, any (majority comes with a later version)'],
  ],
  [`    disconnect: { replace: yes }\n    ${task}`, ['4:28: groups.main.disconnect.replace: found "yes"; allowed: true or false']],
  [
    `    network: { ports: { Web: {} } }\n    ${task}`,
    [`4:25: groups.main.network.ports.Web: found the key 'Web'; allowed: a name: ${nameWords}`],
  ],
  [
    `    network: { ports: { web: { static: 80, to: 70000 } } }\n    ${task}`,
    ['4:48: groups.main.network.ports.web.to: found 70000; allowed: a whole number from 1 to 65535'],
  ],
  [
    `    network: { ports: { a: { static: 80 }, b: { static: 80 } } }\n    ${task}`,
    ['4:57: groups.main.network.ports.b.static: found 80, also asked for by port a; allowed: each port once in a group'],
  ],
  [
    `    constraints: [{ attribute: arch, value: arm64 }]\n    ${task}`,
    [
      '4:32: groups.main.constraints[0].attribute: found "arch"; allowed: ${attr.…}, ${label.…}, ${meta.…}, ${node.unique.name}, ${node.unique.id} or ${node.pool}',
    ],
  ],
  [
    `    constraints: [{ operator: like, value: x, attribute: "\${attr.a}" }]\n    ${task}`,
    [
      '4:31: groups.main.constraints[0].operator: found "like"; allowed: =, !=, <, <=, >, >=, regexp, version, semver, set_contains, set_contains_any, is_set, is_not_set, distinct_hosts, distinct_property; or == for =, is for =, not for !=, set_contains_all for set_contains',
    ],
  ],
  [
    `    constraints: [{ operator: regexp, value: "^arm(", attribute: "\${attr.a}" }]\n    ${task}`,
    ['4:46: groups.main.constraints[0].value: found "^arm("; allowed: a pattern in RE2’s syntax (missing closing ): `^arm(`)'],
  ],
  [
    `    constraints: [{ value: x }]\n    ${task}`,
    [
      '4:19: groups.main.constraints[0].attribute: found nothing; allowed: ${attr.…}, ${label.…}, ${meta.…}, ${node.unique.name}, ${node.unique.id} or ${node.pool}',
    ],
  ],
  [
    `    affinities: [{ attribute: "\${label.a}", value: x, weight: 0 }]\n    ${task}`,
    ['4:63: groups.main.affinities[0].weight: found 0; allowed: -100 to 100, not 0'],
  ],
  [
    `    spread: [{ attribute: "\${label.rack}", targets: { r1: 80, r2: 30 } }]\n    ${task}`,
    ['4:53: groups.main.spread[0].targets: found 110 percent in all; allowed: at most 100 percent in all'],
  ],
  ['    count: 1', ['3:3: groups.main.tasks: found nothing; allowed: a map of names to tasks']],
  ['    tasks: {}', ['4:12: groups.main.tasks: found none; allowed: 1 to 32']],
  ['    tasks: { app: {} }', ['4:14: groups.main.tasks.app.driver: found nothing; allowed: docker, raw_exec, exec']],
  ['    tasks: { app: { driver: podman } }', ['4:29: groups.main.tasks.app.driver: found "podman"; allowed: docker, raw_exec, exec']],
  [
    '    tasks: { app: { driver: docker } }',
    ['4:14: groups.main.tasks.app.config.image: found nothing; allowed: the name of an image: docker needs one'],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a, image: b } } }',
    ['4:68: groups.main.tasks.app.config.image: found "b"; allowed: nothing with raw_exec, which runs a plain process of the board'],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a, args: x } } }',
    ['4:67: groups.main.tasks.app.config.args: found "x"; allowed: a list of texts'],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a, args: [b, {}] } } }',
    ['4:71: groups.main.tasks.app.config.args[1]: found a map; allowed: text'],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a }, env: { A.B: [] } } }',
    ['4:75: groups.main.tasks.app.env.A.B: found an empty list; allowed: text'],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a }, env: { SHOAL_X: y } } }',
    ['4:79: groups.main.tasks.app.env.SHOAL_X: found the key "SHOAL_X"; allowed: keys that do not begin with SHOAL_'],
  ],
  [
    "    tasks: { app: { driver: raw_exec, config: { command: a, args: ['${HOME}', 'x ${node.class}'] }, env: { B: '$${node.class}' } } }",
    [
      '4:79: groups.main.tasks.app.config.args[1]: found "${node.class}"; allowed: ${node.unique.id}, ${node.unique.name}, ${node.pool}; $${ for a plain ${',
    ],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a }, kill_timeout: 5 } }',
    [
      "4:77: groups.main.tasks.app.kill_timeout: found 5; allowed: a duration with its unit (ms, s, m, h, d), such as 30s or 1h30m; write '5s' or '5ms'",
    ],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a }, kill_signal: TERM } }',
    [
      '4:76: groups.main.tasks.app.kill_signal: found "TERM"; allowed: SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGABRT, SIGALRM, SIGCONT, SIGKILL',
    ],
  ],
  [
    '    tasks: { app: { driver: raw_exec, config: { command: a }, resources: { cpu: 1, memory: 64 MB } } }',
    [
      "4:81: groups.main.tasks.app.resources.cpu: found 1; allowed: a clock rate with its unit (MHz, GHz), such as 200 MHz; write '1 MHz' or '1 GHz'",
      '4:92: groups.main.tasks.app.resources.memory: found "64 MB"; allowed: a size with its unit (MiB, GiB, TiB), such as 64 MiB; write \'64 MiB\'',
    ],
  ],
]

/** What stands in the task's `checks`, from line 4 of the file on. */
const inChecks: readonly [string, readonly string[]][] = [
  [
    '{ type: script, interval: 10s, timeout: 1s }',
    ['4:84: groups.main.tasks.app.checks.c.type: found "script"; allowed: http, tcp, exec (Nomad’s script is exec)'],
  ],
  [
    '{ type: http, port: web, interval: 10s }',
    [
      '4:73: groups.main.tasks.app.checks.c.timeout: found nothing; allowed: a duration with its unit (ms, s, m, h, d), such as 30s or 1h30m',
    ],
  ],
  ['{ type: http, port: wbe, interval: 10s, timeout: 2s }', ['4:96: groups.main.tasks.app.checks.c.port: found "wbe"; allowed: web']],
  [
    '{ type: http, port: web, interval: 10, timeout: 2s }',
    [
      "4:111: groups.main.tasks.app.checks.c.interval: found 10; allowed: a duration with its unit (ms, s, m, h, d), such as 30s or 1h30m; write '10s' or '10ms'",
    ],
  ],
  [
    '{ type: http, port: web, interval: 500ms, timeout: 2s }',
    [
      '4:111: groups.main.tasks.app.checks.c.interval: found 500ms; allowed: 1s to 1d',
      '4:127: groups.main.tasks.app.checks.c.timeout: found 2s; allowed: no more than the interval, 500ms: a check never overlaps itself',
    ],
  ],
  [
    '{ type: tcp, port: web, interval: 10s, timeout: 2s, check_restart: { limt: 3 } }',
    [
      "4:145: groups.main.tasks.app.checks.c.check_restart.limt: found the unknown key 'limt' (did you mean 'limit'?); allowed: grace, limit",
    ],
  ],
  [
    '{ type: exec, interval: 10s, timeout: 2s, path: /health }',
    [
      '4:73: groups.main.tasks.app.checks.c.command: found nothing; allowed: a program: an exec check runs one',
      '4:124: groups.main.tasks.app.checks.c.path: found "/health"; allowed: nothing in a check of type exec',
    ],
  ],
]

const whole: readonly [string, readonly string[]][] = [
  [
    '3',
    [
      '1:1: found 3; allowed: a map with job, groups, namespace, type, pool, priority, variables, periodic, constraints, affinities, meta, parameterized',
    ],
  ],
  ['groups: {}', ['1:1: job: found nothing; allowed: the job’s name: ' + nameWords, '1:9: groups: found none; allowed: 1 to 64']],
  [`job: Hello\ngroups: { main: { ${task} } }`, [`1:6: job: found "Hello"; allowed: the job’s name: ${nameWords}`]],
  [`job: a\npriority: 101\ngroups: { main: { ${task} } }`, ['2:11: priority: found 101; allowed: a whole number from 1 to 100']],
  [`job: a\ntype: sytem\ngroups: { main: { ${task} } }`, ['2:7: type: found "sytem"; allowed: service, batch, system, sysbatch']],
  [`job: a\nmeta: { x: { y: 1 } }\ngroups: { main: { ${task} } }`, ['2:12: meta.x: found a map; allowed: text']],
]

describe('a job file', () => {
  it('gets one exact message for each fault of a group', () => {
    for (const [text, expected] of inGroup) assert.deepEqual(faults(`job: hello\ngroups:\n  main:\n${text}`), expected, text)
  })

  it('gets one exact message for each fault of a check', () => {
    for (const [text, expected] of inChecks) {
      const line = `    tasks: { app: { driver: raw_exec, config: { command: a }, checks: { c: ${text} } } }`
      const found = faults(`job: hello\ngroups:\n  main:\n${line}\n    network: { ports: { web: {} } }`)
      assert.deepEqual(found, expected, text)
    }
  })

  it('gets one exact message for each fault of the whole', () => {
    for (const [text, expected] of whole) assert.deepEqual(faults(text), expected, text)
  })

  it('shows all faults at once, in the order of the file', () => {
    const text =
      'job: hello\npriorty: 3\ngroups:\n  main:\n    count: x\n    count: 2\n    tasks:\n      a: { driver: docker, kill_timeout: 5s, logs: { max_files: 100 } }\n'
    assert.deepEqual(faults(text), [
      "2:1: priorty: found the unknown key 'priorty' (did you mean 'priority'?); allowed: affinities, constraints, groups, job, meta, namespace, parameterized, periodic, pool, priority, type, variables",
      '5:12: groups.main.count: found "x"; allowed: a whole number from 0 to 50000',
      "6:5: groups.main.count: found the key 'count' a second time; allowed: each key once",
      '8:7: groups.main.tasks.a.config.image: found nothing; allowed: the name of an image: docker needs one',
      "8:52: groups.main.tasks.a.logs: found 100 files of 10 MiB; allowed: no more than the group's disk, 300 MiB",
    ])
  })

  it('says a wrong value once, not again for what follows from it', () => {
    assert.equal(faults('job: hello\ngroups: { main: { tasks: { a: { driver: podman, config: { image: x, volumes: [y] } } } } }').length, 1)
  })

  it('takes the pool of the context when it names none', () => {
    const read = readJobFile('f.yaml', `job: a\ngroups: { main: { ${task} } }`, 'shop')
    assert.ok(read.ok)
    assert.equal(read.spec.pool, 'shop')
    const own = readJobFile('f.yaml', `job: a\npool: bus\ngroups: { main: { ${task} } }`, 'shop')
    assert.ok(own.ok)
    assert.equal(own.spec.pool, 'bus')
  })

  it('keeps texts as they were written', () => {
    const read = readJobFile(
      'f.yaml',
      'job: a\ngroups: { main: { tasks: { a: { driver: raw_exec, config: { command: x, args: [1.10, 0x10, true] }, env: { V: 1.10, E: 1e3, N: "" } } } } }',
    )
    assert.ok(read.ok)
    const found = read.spec.groups[0]?.tasks[0]
    assert.deepEqual(found?.config.args, ['1.10', '0x10', 'true'])
    assert.deepEqual(found?.env, { E: '1e3', N: '', V: '1.10' })
  })

  it('is what the templates and the examples are', async () => {
    for (const driver of ['raw_exec', 'docker'] as const) {
      const read = readJobFile('template', jobTemplate('hello', driver))
      assert.ok(read.ok, JSON.stringify(read))
      assert.deepEqual(checkSpec(read.spec), [])
    }
    const examples = new URL('../../../../examples/', import.meta.url)
    const files = readdirSync(examples).filter((file) => file.endsWith('.yaml'))
    assert.ok(files.length >= 3)
    for (const file of files) {
      const read = await readJobFiles(file, readFileSync(new URL(file, examples), 'utf8'), async () => ['hq'])
      assert.deepEqual(read.ok ? [] : read.faults, [], file)
    }
  })
})
