import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'

import { type AgentConfig, configDefaults, loadConfig } from '../../../node/config.ts'
import { configKeys } from '../../../node/config-schema.ts'
import { usage } from '../../../node/config-sources.ts'
import { agentVersion } from '../../../node/version.ts'

const folder = mkdtempSync(join(tmpdir(), 'shoal-config-'))
after(() => rmSync(folder, { recursive: true }))

function file(text: string): string {
  const path = join(folder, 'agent.yaml')
  writeFileSync(path, text)
  return path
}

function config(argv: readonly string[], env: Record<string, string> = {}): AgentConfig {
  const loaded = loadConfig(argv, { HOME: folder, ...env })
  assert.ok(loaded.ok, JSON.stringify(loaded))
  assert.equal(loaded.value.kind, 'run')
  return loaded.value.kind === 'run' ? loaded.value.config : assert.fail()
}

function problems(argv: readonly string[], env: Record<string, string> = {}): string[] {
  const loaded = loadConfig(argv, env)
  assert.ok(!loaded.ok)
  assert.equal(loaded.code, 'E_CONFIG')
  return loaded.message.split('\n')
}

describe('configuration', () => {
  it('has every key in the page for operators, and no others', () => {
    const page = readFileSync(new URL('../../../docs/agent.md', import.meta.url), 'utf8')
    const told = [...page.matchAll(/^\| `([a-z_.]+)` /gm)].map(([, key]) => key)
    assert.deepEqual(told.toSorted(), configKeys.toSorted())
  })

  it('never repeats a password in a fault', () => {
    const faults = [
      'drivers: { docker: { registries: { registry.example: { username: me, passwort: hunter2 } } } }',
      'drivers: { docker: { registries: { registry.example: hunter2 } } }',
      'drivers: { docker: { registries: hunter2 } }',
      'drivers: { docker: [{ registries: { registry.example: { username: me, password: hunter2 } } }] }',
      'drivers: [{ docker: { registries: { registry.example: { username: me, password: hunter2 } } } }]',
    ]
    for (const text of faults) {
      const found = problems(['--config', file(text)])
      assert.match(found.join('\n'), /drivers/)
      assert.doesNotMatch(found.join('\n'), /hunter2/)
    }
  })

  it('says where the file is no YAML, without quoting it', () => {
    const password = (line: string): string => `drivers:\n  docker:\n    registries:\n      shop.example:\n        username: me\n${line}\n`
    const faults: readonly [string, RegExp][] = [
      ['        password: "hunter2', /:7:1: Missing closing "quote$/],
      ['       password: hunter2', /:6:1: All mapping items must start at the same column$/],
      ['        password: |hunter2', /:6:20: Block scalar header includes extra characters$/],
      ['        password: "\\Uhunter2"', /:6:20: Invalid escape sequence/],
      ['        password: !hunter2!x y', /:6:19: Unresolved tag; quote text that begins with !$/],
      ['        password: *hunter2', /agent\.yaml: an alias \(\*NAME\) without its anchor/],
    ]
    for (const [line, words] of faults) {
      const found = problems(['--config', file(password(line))])
      assert.match(found[0]!, words)
      assert.doesNotMatch(found.join('\n'), /unter2/)
    }
  })

  it('reads a folder of files in order of their names: a later one is stronger, maps are merged', () => {
    const shared = join(folder, 'etc')
    mkdirSync(shared)
    writeFileSync(
      join(shared, 'agent.yaml'),
      'join: join.json\npool: shops\nlisten: [/ip4/0.0.0.0/tcp/1]\nlabels: { kind: till, room: hall }\n',
    )
    writeFileSync(join(shared, 'board.yaml'), 'name: till-7\nlisten: [/ip4/0.0.0.0/tcp/2]\nlabels: { room: cellar }\n')
    writeFileSync(join(shared, 'join.json'), '{"psk": "not a setting"}')
    writeFileSync(join(shared, '.board.yaml.swp'), 'pool: no')
    const { pool, name, listen, labels, join: joinFile } = config(['--config', shared])
    assert.deepEqual(
      { pool, name, listen, labels, joinFile },
      {
        pool: 'shops',
        name: 'till-7',
        listen: ['/ip4/0.0.0.0/tcp/2'],
        labels: { kind: 'till', room: 'cellar' },
        joinFile: join(shared, 'join.json'),
      },
    )
    writeFileSync(join(shared, 'board.yaml'), 'name: till-7\npool: No Pool\nlabels: { "": x }\ncolour: red\n')
    const found = problems(['--config', shared])
    assert.match(found.join('\n'), /board\.yaml:2.*pool/)
    assert.match(found.join('\n'), /board\.yaml:4.*colour/)
    const empty = join(folder, 'empty')
    mkdirSync(empty)
    assert.match(problems(['--config', empty])[0]!, /there is no configuration \(\*\.yaml\) in the folder .*empty/)
    assert.match(problems(['--config', join(folder, 'nowhere')])[0]!, /cannot read the configuration: ENOENT/)
  })

  it('needs nothing but its defaults', () => {
    const plain = config([])
    assert.equal(plain.pool, 'default')
    assert.deepEqual(plain.listen, configDefaults.listen)
    assert.equal(plain.join, join(plain.dataDir, 'join.json'))
    assert.equal(plain.http.socket, join(plain.dataDir, 'api.sock'))
    assert.deepEqual([plain.drivers.rawExec, plain.checks], [{ enabled: false }, { exec: false }])
    assert.equal(plain.drivers.docker.enabled, true)
    assert.deepEqual(plain.drivers.exec, { enabled: false, user: 'nobody', users: [], allowRoot: false, cgroupParent: 'shoal' })
  })

  it('lets programs be checks only where it is told to, or plain processes are allowed', () => {
    assert.equal(config(['--exec-checks']).checks.exec, true)
    assert.equal(config(['--raw-exec']).checks.exec, true)
    assert.equal(config(['--raw-exec', '--config', file('checks: { exec: false }')]).checks.exec, false)
    assert.match(problems(['--config', file('checks: { exec: maybe }')]).join(), /checks\.exec.*true or false/)
  })

  it('takes for the cgroups of tasks only folders below the mount', () => {
    for (const parent of ['/shoal', '../shoal', 'a/../b', 'a//b', '.', 'a/', 'memory.max', 'cgroup.procs', '-x', 'a b'])
      assert.match(
        problems(['--config', file(`drivers: { exec: { cgroup_parent: "${parent}" } }`)]).join(),
        /cgroup_parent: .*is not folders below/,
      )
    const { exec } = config(['--exec', '--config', file('drivers: { exec: { cgroup_parent: edge.slice/shoal_1 } }')]).drivers
    assert.deepEqual([exec.enabled, exec.cgroupParent], [true, 'edge.slice/shoal_1'])
  })

  it('reads every key of a file, with units, and paths relative to it', () => {
    const path = file(`
join: fleet.join.json
data_dir: data
pool: shop-1
name: till-3
listen: [/ip4/0.0.0.0/tcp/7421]
announce: [/dns4/till-3.example/tcp/7421]
bootstrap: [till-1.example:7420]
network: { relay: 'off', proxy: 'http://proxy.example:3128', proxy_login: login }
labels: { room: cellar, floor: 2, spare: true }
reserved: { cpu: 1.5 GHz, memory: 1 GiB, disk: 500 MiB }
capacity: { memory: 2 GiB }
dynamic_ports: 21000-21999
max_allocs: 12
drivers:
  raw_exec: { enabled: true }
  exec: { enabled: true, user: tasks, users: [camera, 'sensors:dialout'], allow_root: true, cgroup_parent: edge/shoal }
  docker:
    enabled: false
    socket: /run/podman.sock
    registries: { registry.example: { username: me, password: secret } }
    mirrors: { docker.io: [mirror.example] }
devices: { allow: [serial], sysfs: sys }
checks: { exec: false }
log: { level: warn }
http: { socket: door.sock, loopback_port: 7421 }
dev: true
rejoin: true
`)
    assert.deepEqual(config(['--config', path]), {
      join: join(folder, 'fleet.join.json'),
      dataDir: join(folder, 'data'),
      pool: 'shop-1',
      name: 'till-3',
      listen: ['/ip4/0.0.0.0/tcp/7421'],
      announce: ['/dns4/till-3.example/tcp/7421'],
      bootstrap: ['till-1.example:7420'],
      network: { relay: 'off', proxy: 'http://proxy.example:3128/', proxyLogin: join(folder, 'login') },
      labels: { room: 'cellar', floor: '2', spare: 'true' },
      reserved: { cpuMhz: 1_500, memoryMib: 1_024, diskMib: 500 },
      capacity: { memoryMib: 2_048 },
      dynamicPorts: [21_000, 21_999],
      maxAllocs: 12,
      drivers: {
        rawExec: { enabled: true },
        exec: { enabled: true, user: 'tasks', users: ['camera', 'sensors:dialout'], allowRoot: true, cgroupParent: 'edge/shoal' },
        docker: {
          enabled: false,
          socket: '/run/podman.sock',
          registries: { 'registry.example': { username: 'me', password: 'secret' } },
          mirrors: { 'docker.io': ['mirror.example'] },
        },
      },
      devices: { allow: ['serial'], deny: [], declare: [], sysfs: join(folder, 'sys'), dev: '/dev' },
      artifacts: { bytesMax: 1024 ** 3, sources: null },
      checks: { exec: false },
      log: { level: 'warn' },
      http: { socket: join(folder, 'door.sock'), loopbackPort: 7_421 },
      dev: true,
      rejoin: true,
    })
  })

  it('lets a flag win over the environment, and that over the file, key by key', () => {
    const path = file(
      'pool: from-file\nname: from-file\nlog: { level: error }\nlabels: { a: file, b: file }\nhttp: { socket: /s, loopback_port: 1 }\n',
    )
    const mixed = config(['--config', path, '--name', 'from-flag', '--label', 'b=flag', '--label', 'c=x=y'], {
      SHOAL_POOL: 'from-env',
      SHOAL_NAME: 'from-env',
      SHOAL_LOOPBACK_PORT: '2',
      SHOAL_LISTEN: 'one:1,two:2',
      SHOAL_DEV: 'true',
    })
    assert.equal(mixed.name, 'from-flag')
    assert.equal(mixed.pool, 'from-env')
    assert.equal(mixed.log.level, 'error')
    assert.deepEqual(mixed.labels, { a: 'file', b: 'flag', c: 'x=y' })
    assert.deepEqual(mixed.http, { socket: '/s', loopbackPort: 2 })
    assert.deepEqual(mixed.listen, ['one:1', 'two:2'])
    assert.equal(mixed.drivers.rawExec.enabled, true, '--dev allows plain processes')
  })

  it('reports every fault at once, each with its place, and suggests the key that was meant', () => {
    const path = file(
      'pool: Bad Pool\nreservd: { cpu: 10 MHz }\nreserved: { cpu: 10 }\ndrivers:\n  docker: { soket: /x }\ndynamic_ports: 30000-20000\n' +
        'bootstrap: [host]\n',
    )
    const found = problems(['--config', path, '--loopback-port', 'many', '--datadir', 'x', '--listen'], { SHOAL_LOG_LEVEL: 'loud' })
    const expected = [
      /^--datadir is not an option; did you mean --data-dir\?$/,
      /^--listen needs a value$/,
      /agent\.yaml:1: pool: "Bad Pool" is not a pool's name/,
      /agent\.yaml:2: reservd: unknown key; did you mean 'reserved'\?/,
      /agent\.yaml:3: reserved\.cpu: 10 is not an amount with its unit/,
      /agent\.yaml:5: drivers\.docker\.soket: unknown key; did you mean 'socket'\?/,
      /agent\.yaml:6: dynamic_ports: "30000-20000" is not a range/,
      /agent\.yaml:7: bootstrap: \["host"\] is not a list of addresses/,
      /^--loopback-port: http\.loopback_port: "many" is not a port/,
      /^SHOAL_LOG_LEVEL: log\.level: "loud" is not one of debug, info, warn, error/,
    ]
    for (const pattern of expected) assert.equal(found.filter((line) => pattern.test(line)).length, 1, `${pattern} in\n${found.join('\n')}`)
    assert.equal(found.length, expected.length, found.join('\n'))
  })

  it('refuses a file that is missing, is no YAML, or holds no map', () => {
    assert.match(problems(['--config', join(folder, 'none.yaml')])[0]!, /cannot read the configuration/)
    assert.match(problems(['--config', file('a: [1')])[0]!, /agent\.yaml/)
    assert.match(problems(['--config', file('- 1')])[0]!, /expected a map/)
  })

  it('reads JSON too, being YAML', () => assert.equal(config(['--config', file('{"pool": "p"}')]).pool, 'p'))

  it('shows every option in its help', () => {
    const loaded = loadConfig(['--help'], {})
    assert.deepEqual(loaded, { ok: true, value: { kind: 'help' } })
    for (const option of ['--config', '--join', '--data-dir', '--label', '--dev']) assert.ok(usage().includes(option))
  })

  it('tells the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
    assert.equal(agentVersion, version)
  })
})
