// What every command line has in common: peers and contexts, formats, errors, exit codes. And the commands that only read.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { parse } from 'yaml'

import type { ApiClient, ConnectOptions } from '../../../cli/io.ts'
import { lastLines } from '../../../cli/last-lines.ts'
import { version } from '../../../cli/version.ts'
import type { Reply, Request } from '../../../crdt/api-types.ts'
import { allocRow, coverage, nodeRow } from '../../support/cli-fake-mesh.ts'
import { type TestCli, testCli } from '../../support/cli-io.ts'

const socket = ['--peer', 'unix:/run/x.sock']

let cli: TestCli
let asked: Request[] = []
let connected: ConnectOptions[] = []
let replies: (request: Request) => readonly Reply[] = () => []

beforeEach(async () => {
  asked = []
  connected = []
  cli = await testCli(async (options): Promise<ApiClient> => {
    connected.push(options)
    return {
      peer: 'fake',
      close: async () => undefined,
      async *request(body) {
        const request = JSON.parse(new TextDecoder().decode(body)) as Request
        asked.push(request)
        for (const reply of replies(request)) yield new TextEncoder().encode(JSON.stringify(reply))
      },
    }
  })
})

afterEach(async () => await cli.close())

const nodes: Reply = { kind: 'nodes', coverage: coverage({ nodesAlive: 2, oldestMs: 61_000 }), nodes: [nodeRow(0)] }

describe('output', () => {
  it('gives data on stdout and the coverage on stderr', async () => {
    replies = () => [nodes]
    const table = await cli.run(['node', 'status', ...socket])
    assert.equal(table.exitCode, 0)
    assert.match(table.stdout, /^NODE .*\nboard-0 .*\n$/)
    assert.equal(table.stderr, 'board-0 answered for pool default: 2 of 3 nodes alive; nothing from the other one for up to 1m1s\n')
    const json = await cli.run(['node', 'status', '-o', 'json', ...socket])
    assert.deepEqual(JSON.parse(json.stdout), { coverage: nodes.coverage, nodes: nodes.nodes })
    assert.equal(json.stderr, '')
    const yaml = await cli.run(['node', 'status', '--output', 'yaml', ...socket])
    assert.deepEqual(parse(yaml.stdout), JSON.parse(json.stdout))
  })

  it('colours terminals only, and not with NO_COLOR or a dumb one', async () => {
    replies = () => [nodes]
    const isColored = async (options: Parameters<TestCli['run']>[1]): Promise<boolean> =>
      (await cli.run(['node', 'status', ...socket], options)).stdout.includes('\u001b[')
    assert.equal(await isColored({}), false)
    assert.equal(await isColored({ isTty: true }), true)
    assert.equal(await isColored({ isTty: true, env: { NO_COLOR: '1' } }), false)
    assert.equal(await isColored({ isTty: true, env: { NO_COLOR: '' } }), true)
    assert.equal(await isColored({ isTty: true, env: { TERM: 'dumb' } }), false)
  })
})

describe('whom a command asks', () => {
  const context = (peers: readonly string[]): string =>
    `current: home\ncontexts:\n  home: { fleet: ${'ab'.repeat(32)}, psk: keys/p, key: /k, peers: ${JSON.stringify(peers)}, pool: shop }\n`

  it('takes --peer before SHOAL_PEER before the context, each in its order', async () => {
    replies = () => [nodes]
    await writeFile(join(cli.dir, 'config.yaml'), context(['c:1', 'd:1']))
    await cli.run(['node', 'status', '--peer', 'a:1', '-p', 'unix:/b'], { env: { SHOAL_PEER: 'e:1' } })
    await cli.run(['node', 'status'], { env: { SHOAL_PEER: 'e:1, f:1' } })
    await cli.run(['node', 'status'])
    assert.deepEqual(
      connected.map((one) => one.peers),
      [
        ['a:1', 'unix:/b'],
        ['e:1', 'f:1'],
        ['c:1', 'd:1'],
      ],
    )
    assert.equal(connected[0]?.context?.pskFile, join(cli.dir, 'keys/p'))
    assert.equal(connected[0]?.context?.keyFile, '/k')
    assert.equal(asked[0]?.pool, 'shop')
    await cli.run(['node', 'status', '--pool', 'bus'])
    assert.equal(asked.at(-1)?.pool, 'bus')
  })

  it('says what is wrong, with a code and what to do', async () => {
    const cases: readonly [readonly string[], RegExp][] = [
      [
        ['status'],
        /^error E_NO_PEER: no peer to talk to\nhint: name one with --peer or SHOAL_PEER, or make a fleet with: shoal fleet init/,
      ],
      [['status', '--peer', 'nowhere'], /^error E_PEER: 'nowhere' is not the address of a peer\nhint: write a multiaddr/],
      [['status', '--peer', 'a:1'], /^error E_NO_CONTEXT: .*\nhint: make a fleet with: shoal fleet init NAME\n$/],
      [['status', '--context', 'x', ...socket], /^error E_CONTEXT: there is no context 'x'/],
      [['job', 'stop', 'web', ...socket], /^error E_NO_CONTEXT: there is no context, so no key to sign with/],
      [['job', 'status', 'A B', ...socket], /^error E_JOB_NAME: 'A B' is not a job's name/],
      [['frob'], /^error E_USAGE: unknown command 'frob'/],
      [['node', 'status', '-o', 'xml'], /^error E_USAGE: option '-o, --output <format>' argument 'xml' is invalid/],
      [
        ['status', '--timeout', '5', ...socket],
        /^error E_USAGE: option '--timeout <duration>' argument '5' is invalid. allowed: a duration/,
      ],
      [['status', '--timeout', '25d', ...socket], /argument '25d' is invalid. allowed: more than 0, at most 24d/],
    ]
    for (const [argv, words] of cases) {
      const { exitCode, stderr, stdout } = await cli.run(argv)
      assert.equal(exitCode, 1, argv.join(' '))
      assert.match(stderr, words)
      assert.equal(stdout, '')
    }
  })

  it('shows every fault of the configuration file', async () => {
    await writeFile(join(cli.dir, 'config.yaml'), 'current: away\ncontexts: { home: { fleet: zz, key: 3, peers: x } }\n')
    const { exitCode, stderr } = await cli.run(['status'])
    assert.equal(exitCode, 1)
    assert.equal(
      stderr.replaceAll(cli.dir, ''),
      'contexts.home.peers: found "x"; allowed: a list of addresses\ncontexts.home.fleet: found \'zz\'; allowed: 64 hex digits\n' +
        'contexts.home.psk: found nothing; allowed: text\ncontexts.home.key: found 3; allowed: text\ncurrent: there is no context "away"\n' +
        "error E_CONFIG: '/config.yaml' has 5 fault(s)\n",
    )
    await writeFile(join(cli.dir, 'config.yaml'), 'curent: home\ncontexts: { home: { fleet: zz, psk: p, key: k, colour: red } }\n')
    assert.equal(
      (await cli.run(['status'])).stderr.replaceAll(cli.dir, ''),
      "curent: found an unknown key (did you mean 'current'?)\n" +
        'contexts.home.colour: found an unknown key; allowed: fleet, psk, key, peers, pool\n' +
        "contexts.home.fleet: found 'zz'; allowed: 64 hex digits\nerror E_CONFIG: '/config.yaml' has 3 fault(s)\n",
    )
    await writeFile(join(cli.dir, 'config.yaml'), 'a: [\n')
    assert.match((await cli.run(['status'])).stderr, /^error E_CONFIG: .* is not valid YAML: .*[^:]\n$/)
    await writeFile(join(cli.dir, 'config.yaml'), '[x]\n')
    assert.match((await cli.run(['status'])).stderr, /^the file: found \["x"\]; allowed: a map\nerror E_CONFIG: /)
    await writeFile(join(cli.dir, 'config.yaml'), 'contexts: [home]\n')
    assert.match((await cli.run(['status'])).stderr, /^contexts: found \["home"\]; allowed: a map\nerror E_CONFIG: /)
  })

  it('keeps contexts, and switches between them', async () => {
    for (const name of ['home', 'shop']) await cli.run(['fleet', 'init', name, '--out', join(cli.dir, `${name}.json`)])
    await cli.run(['context', 'use', 'home'])
    assert.equal((await cli.run(['context', 'peers', 'a:1', 'unix:/b', 'c'])).exitCode, 1)
    assert.equal((await cli.run(['context', 'peers', 'a:1', 'unix:/b'])).exitCode, 0)
    const { stdout } = await cli.run(['context', 'list'])
    assert.match(stdout, /^CURRENT +CONTEXT +FLEET +PEERS\n\* +home +\w{8} +a:1, unix:\/b\n +shop +\w{8} +-\n$/)
    const data = parse(await readFile(join(cli.dir, 'config.yaml'), 'utf8')) as { contexts: { home: { key: string } } }
    assert.equal(data.contexts.home.key, 'keys/home.key')
    assert.equal((await cli.run(['context', 'use', 'nobody'])).exitCode, 1)
  })
})

describe('answers that are none', () => {
  it('passes on the code and hint of a peer', async () => {
    replies = () => [
      { kind: 'error', code: 'E_POOL_UNREACHABLE', message: "no node of pool 'mars' is known here", hint: 'look at `shoal status`' },
    ]
    const { exitCode, stderr } = await cli.run(['node', 'status', ...socket])
    assert.equal(exitCode, 1)
    assert.equal(stderr, "error E_POOL_UNREACHABLE: no node of pool 'mars' is known here\nhint: look at `shoal status`\n")
  })

  it('is clear about a wrong kind, silence, and a reply with parts missing', async () => {
    replies = () => [{ kind: 'done' }]
    assert.match((await cli.run(['node', 'status', ...socket])).stderr, /^error E_REPLY: fake ended the connection without an answer\n/)
    replies = () => [{ kind: 'allocs', coverage: coverage(), allocs: [] }]
    assert.match(
      (await cli.run(['node', 'status', ...socket])).stderr,
      /^error E_REPLY: fake answered with 'allocs' where 'nodes' was expected\n/,
    )
    replies = () => [{ kind: 'nodes' } as never]
    const { exitCode, stderr } = await cli.run(['node', 'status', ...socket])
    assert.equal(exitCode, 1)
    assert.match(stderr, /^error E_INTERNAL: .*\nhint: this is a fault of shoal, or of two versions that do not fit/)
    assert.doesNotMatch(stderr, /\n\s+at /)
  })
})

describe('commands that read', () => {
  it('prints logs as they are, and their last lines', async () => {
    const log = 'one\ntwo\nthree\n'
    replies = (request) =>
      request.method === 'alloc.logs' ? [{ kind: 'bytes', data: Buffer.from(log).toString('base64') }, { kind: 'done' }] : []
    assert.equal((await cli.run(['logs', 'a0', ...socket])).stdout, log)
    assert.equal((await cli.run(['alloc', 'logs', 'a0', '--tail', '2', '--stderr', '--task', 'app', ...socket])).stdout, 'two\nthree\n')
    const last = asked.at(-1)
    assert.deepEqual(last, { method: 'alloc.logs', alloc: 'a0', stream: 'stderr', follow: false, tailBytes: 2048, task: 'app' })
    await cli.run(['logs', '-f', '--tail', '1', 'a0', ...socket])
    assert.deepEqual(asked.at(-1), { method: 'alloc.logs', alloc: 'a0', stream: 'stdout', follow: true, tailBytes: 6 })
  })

  it('waits for a log as long as it goes on, and no longer', async () => {
    const gapMs = 300
    const chunk = new TextEncoder().encode(JSON.stringify({ kind: 'bytes', data: 'eA==' } satisfies Reply))
    let gaps = [gapMs, gapMs, gapMs]
    const slow = await testCli(async (): Promise<ApiClient> => ({
      peer: 'fake',
      close: async () => undefined,
      async *request(_body, signal) {
        for (const gap of gaps) {
          await pause(gap, undefined, { signal })
          yield chunk
        }
      },
    }))
    const argv = ['logs', 'a0', ...socket, '--timeout', '600ms']
    const whole = await slow.run(argv)
    assert.deepEqual([whole.exitCode, whole.stdout, whole.stderr], [0, 'xxx', ''])
    gaps = [0, 60_000]
    const stuck = await slow.run(argv)
    assert.deepEqual([stuck.exitCode, stuck.stdout], [1, 'x'])
    assert.match(stuck.stderr, /^error E_TIMEOUT: /)
    await slow.close()
  })

  it('ends with 130 when Ctrl-C ends the wait', async () => {
    const interrupt = new AbortController()
    replies = () => {
      interrupt.abort()
      return [{ kind: 'bytes', data: 'eA==' }, nodes]
    }
    const followed = await cli.run(['logs', '-f', 'a0', ...socket], { signal: interrupt.signal })
    assert.deepEqual([followed.exitCode, followed.stdout], [130, 'x'])
  })

  it('cuts the last lines out of any bytes', () => {
    const cut = (text: string, count: number): string => Buffer.from(lastLines(Buffer.from(text), count)).toString()
    const cases: readonly [string, number, string][] = [
      ['', 3, ''],
      ['a', 1, 'a'],
      ['a\n', 1, 'a\n'],
      ['a\nb', 1, 'b'],
      ['a\nb\n', 1, 'b\n'],
      ['a\nb\n', 2, 'a\nb\n'],
      ['a\nb\n', 9, 'a\nb\n'],
      ['\n', 1, '\n'],
      ['\na\n', 1, 'a\n'],
      ['\na\n', 2, '\na\n'],
      ['\n\n\n', 2, '\n\n'],
      ['a\nb\n', 0, ''],
    ]
    for (const [text, count, expected] of cases) assert.equal(cut(text, count), expected, JSON.stringify([text, count]))
  })

  it('leaves ended allocations out, unless they are asked for', async () => {
    replies = () => [
      {
        kind: 'allocs',
        coverage: coverage(),
        allocs: [allocRow('default/a/b/0', 0), allocRow('default/a/b/1', 1, { state: 'failed', holder: false })],
      },
    ]
    assert.equal((await cli.run(['ps', ...socket])).stdout.split('\n').length, 3)
    assert.equal((await cli.run(['alloc', 'status', '-a', ...socket])).stdout.split('\n').length, 4)
  })

  it('validates a job file without a peer, also from standard input', async () => {
    const good = await cli.run(['job', 'validate', '-'], {
      stdin: 'job: a\ngroups: { g: { count: 2, tasks: { t: { driver: docker, config: { image: x } } } } }',
    })
    assert.equal(good.stdout, '- is valid: job default/a for pool default, 2 wanted\n')
    const bad = await cli.run(['job', 'validate', '-'], { stdin: 'job: a\n' })
    assert.equal(bad.exitCode, 1)
    assert.equal(bad.stderr, 'stdin:1:1: groups: found nothing; allowed: a map of names to groups\nerror E_JOB_FILE: stdin has 1 fault\n')
    assert.match((await cli.run(['job', 'validate', 'no-such.yaml'])).stderr, /^error E_FILE: cannot read 'no-such.yaml'/)
    assert.deepEqual(connected, [])
  })

  it('reads no file that is too long, and none in another encoding, whose text it would alter', async () => {
    const path = join(cli.dir, 'j.yaml')
    await writeFile(path, Buffer.from('job: a\nmeta: { city: "M\xfcnchen" }\n', 'latin1'))
    const strange = await cli.run(['job', 'validate', path])
    assert.equal(strange.exitCode, 1)
    assert.equal(
      strange.stderr.replaceAll(cli.dir, ''),
      'error E_FILE: /j.yaml:2: found bytes that are not UTF-8\nhint: save it as UTF-8, or name the right file\n',
    )
    const endless = await cli.run(['job', 'validate', '/dev/zero'])
    assert.equal(endless.stderr, "error E_FILE: '/dev/zero' is longer than 262144 bytes: is it the right file?\n")
    const scenario = await cli.run(['sim', 'run', '/dev/zero'])
    assert.equal(scenario.stderr, endless.stderr)
  })

  it('writes a job file to begin with, once', async () => {
    const out = join(cli.dir, 'w.yaml')
    assert.equal((await cli.run(['job', 'init', 'web', '--docker', '--out', out])).exitCode, 0)
    assert.equal((await cli.run(['job', 'validate', out])).exitCode, 0)
    assert.match((await cli.run(['job', 'init', 'web', '--out', out])).stderr, /^error E_EXISTS/)
  })

  it('tells its version, the one of package.json', async () => {
    const own = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }
    assert.equal(version, own.version)
    assert.equal((await cli.run(['version'])).stdout, `shoal ${version}\n`)
    assert.equal((JSON.parse((await cli.run(['version', '-o', 'json'])).stdout) as { version: string }).version, version)
  })
})

describe('completion', () => {
  it('completes commands and options in bash', async () => {
    const { stdout } = await cli.run(['completion', 'bash'])
    await mkdir(join(cli.dir, 'empty'))
    const complete = (words: string): string[] => {
      const list = words.split(' ')
      const script = `${stdout}\nCOMP_WORDS=(${list.map((word) => `"${word}"`).join(' ')}); COMP_CWORD=${list.length - 1}; _shoal; echo "\${COMPREPLY[@]}"`
      return execFileSync('bash', ['--norc', '-c', script], { cwd: join(cli.dir, 'empty'), encoding: 'utf8' })
        .trim()
        .split(' ')
    }
    assert.deepEqual(complete('shoal jo'), ['job'])
    assert.deepEqual(complete('shoal job st'), ['stop', 'status'])
    assert.deepEqual(complete('shoal job run --conf'), ['--confirm', '--confirm-timeout'])
    assert.deepEqual(complete('shoal node status some-board --pe'), ['--peer'])
  })

  it('has scripts for zsh and fish, with every command', async () => {
    for (const shell of ['zsh', 'fish']) {
      const { exitCode, stdout } = await cli.run(['completion', shell])
      assert.equal(exitCode, 0)
      for (const word of ['evict', 'conflicts', 'eligibility', 'logs']) assert.ok(stdout.includes(word), `${shell} ${word}`)
    }
    assert.equal((await cli.run(['completion', 'tcsh'])).exitCode, 1)
  })
})
