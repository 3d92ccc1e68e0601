// What every driver of real processes must do beyond the contract (`driver-contract.ts`): environment, users, signals, children, logs, agents
// that are killed. Run by one test file per driver.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type RunningTask, type TaskFile, type TaskRequest, taskDirMark } from '../../node/core/ports.ts'
import { artifact } from '../support/artifacts.ts'
import { template } from '../support/templates.ts'
import { type Cases, playCases, request, start } from './driver-cases.ts'
import { type DriverHarness, type TaskWishes, collectExits, isRunning, logged, processesWith, readLogs, until } from './driver-harness.ts'

export function acceptDriver(harnessOf: () => DriverHarness): void {
  playCases({ ...running, ...beside, ...stopping, ...adopting, ...logging, ...refusing }, harnessOf)
}

function script(harness: DriverHarness, text: string, wishes: Partial<TaskWishes> = {}): TaskRequest {
  return request({ driver: harness.name, config: harness.config(text), ...wishes })
}

function withPayload(asked: TaskRequest, path: string, bytes: Uint8Array): TaskRequest {
  const base64 = Buffer.from(bytes).toString('base64')
  return { ...asked, files: [{ kind: 'payload', path, base64 }], spec: { ...asked.spec, dispatchPayloadFile: path } }
}

/** By path: text and mode. */
function withFiles(asked: TaskRequest, files: Readonly<Record<string, readonly [text: string, mode: number]>>): TaskRequest {
  const all = Object.entries(files).map(([path, [text, mode]]): TaskFile => ({ kind: 'template', path, text, mode }))
  return { ...asked, files: all, spec: { ...asked.spec, templates: all.map(({ path }) => template({ destination: path })) } }
}

const running: Cases<DriverHarness> = {
  async 'a task that a signal ended tells which'(driver, harness) {
    const exits = collectExits(driver)
    const task = script(harness, 'sh -c "kill -9 \\$\\$"; exit $?')
    await start(driver, task)
    assert.deepEqual(await exits.of(task.id), { exitCode: null, signal: 'SIGKILL', outOfMemory: false })
  },

  async 'environment and arguments arrive as they are'(driver, harness) {
    const env = { SHOAL_PORT_http: '28081', GREETING: 'two  words $HOME "quoted"', EMPTY: '', 'my.odd-name': 'x' }
    const exits = collectExits(driver)
    const own = 'echo "[$SHOAL_PORT_http][$GREETING][$EMPTY]"'
    const odd = 'tr "\\0" "\\n" </proc/$$/environ | grep odd'
    const basics = 'test -n "$PATH" && test -n "$HOME" && test -z "$SECRET_OF_AGENT" && echo basics'
    const text = [own, odd, basics].join('; ')
    const task = script(harness, text, { env })
    process.env['SECRET_OF_AGENT'] = 'x'
    await start(driver, task)
    delete process.env['SECRET_OF_AGENT']
    await exits.of(task.id)
    assert.equal(await readLogs(driver, task.id), '[28081][two  words $HOME "quoted"][]\nmy.odd-name=x\nbasics\n')
  },

  async 'a task runs where and as whom it was told'(driver, harness) {
    const exits = collectExits(driver)
    const task = script(harness, '', { config: { ...harness.config('pwd; id -u'), workDir: '/tmp', user: '1000' } })
    await start(driver, task)
    await exits.of(task.id)
    assert.equal(await readLogs(driver, task.id), '/tmp\n1000\n')
  },

  async 'a payload lies whole in the folder that the task is told of, for its own user, at every start'(driver, harness) {
    const exits = collectExits(driver)
    const bytes = Uint8Array.from({ length: 16_384 }, (_, index) => index % 251)
    const sum = createHash('sha256').update(bytes).digest('hex')
    // A link that it leaves under that name is not followed.
    const sums = `sha256sum <"$SHOAL_TASK_DIR/in.bin"; cmp "$IN" ${taskDirMark}/in.bin && echo same`
    const program = `test -L "$IN" && echo link; ${sums}; ln -sf other "$IN" 2>/dev/null; true`
    const config = { ...harness.config(program), user: '1000' }
    const asked = script(harness, '', { config, env: { IN: `${taskDirMark}/in.bin` } })
    const task = withPayload(asked, 'in.bin', bytes)
    for (const times of [1, 2]) {
      await start(driver, task)
      await until('its exit', () => exits.all.length === times)
    }
    assert.equal(await readLogs(driver, task.id), `${sum}  -\nsame\n`.repeat(2))
  },

  async 'files are there before the task is, and rewritten under it before its signal'(driver, harness) {
    const show =
      'echo "$(cat "$SHOAL_TASK_DIR/etc/app.conf") $(cat "$SHOAL_TASK_DIR/b") $(ls -l "$SHOAL_TASK_DIR/etc/app.conf" | cut -c1-10)"'
    const task = withFiles(script(harness, `trap '${show}' HUP; ${show}; while true; do sleep 0.05; done`), {
      'etc/app.conf': [`one ${taskDirMark}`, 0o640],
      b: ['b1', 0o644],
    })
    await start(driver, task)
    await until('it has begun', async () => /^one \S+ b1 -rw-r-----\n$/.test(await readLogs(driver, task.id)))
    const identity = await harness.identity(task.id)
    const changed = withFiles(task, { 'etc/app.conf': [`two ${taskDirMark}`, 0o640] })
    const later = harness.create()
    try {
      // By an agent that took the task over, too.
      for (const one of [driver, later]) {
        assert.deepEqual(await one.rewrite(changed), { ok: true, value: undefined })
        assert.ok((await one.signal(task.id, 'SIGHUP')).ok)
        const times = one === driver ? 1 : 2
        await until('it was told', async () => (await readLogs(driver, task.id)).split('\n').length === 2 + times)
      }
    } finally {
      await later.close()
    }
    const dir = /^one (\S+)/.exec(await readLogs(driver, task.id))![1]!
    assert.equal(await readLogs(driver, task.id), `one ${dir} b1 -rw-r-----\n${`two ${dir} b1 -rw-r-----\n`.repeat(2)}`)
    assert.equal(await harness.identity(task.id), identity)
  },

  async 'an artifact is there before the task is, whole, its user may run it, and it is there again however it was left'(driver, harness) {
    const folder = mkdtempSync(join(tmpdir(), 'shoal-stored-'))
    const stored = join(folder, 'kept')
    // Longer than what is read at a time, and no multiple of an archive's blocks.
    const bytes = Buffer.concat([Buffer.from('#!/bin/sh\necho ran as $(id -u)\nexit 0\n'), Buffer.alloc(3_000_001, '#')])
    writeFileSync(stored, bytes, { mode: 0o600 })
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    const exits = collectExits(driver)
    const config = {
      ...harness.config(`cd "$SHOAL_TASK_DIR"; bin/app; sha256sum <bin/app; rm bin/app; ln -s /etc/passwd bin/app`),
      user: '1000',
    }
    const asked = script(harness, '', { config })
    const files: TaskFile[] = [{ kind: 'artifact', path: 'bin/app', mode: 0o755, source: 'https://files.example/app', sha256, stored }]
    const task = { ...asked, files, spec: { ...asked.spec, artifacts: [artifact()] } }
    try {
      for (const times of [1, 2]) {
        await start(driver, task)
        await until('its exit', () => exits.all.length === times)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
    assert.equal(await readLogs(driver, task.id), `ran as 1000\n${sha256}  -\n`.repeat(2))
  },

  async 'a task that is started again has the files of that start, whatever it has made of them'(driver, harness) {
    const exits = collectExits(driver)
    const mess = 'cd "$SHOAL_TASK_DIR"; cat etc/app.conf; rm -r etc; ln -s /tmp etc; ls -1 | grep new'
    const asked = script(harness, mess)
    for (const [at, text] of ['one\n', 'two\n'].entries()) {
      await start(driver, withFiles(asked, { 'etc/app.conf': [text, 0o644] }))
      await until('its exit', () => exits.all.length === at + 1)
    }
    assert.equal(await readLogs(driver, asked.id), 'one\ntwo\n')
  },

  async 'a task that ended can be started again and goes on in the same log'(driver, harness) {
    const exits = collectExits(driver)
    const task = script(harness, 'echo once more; exit 4')
    await start(driver, task)
    await exits.of(task.id)
    await start(driver, task)
    await until('a second exit', () => exits.all.length === 2)
    assert.equal(await readLogs(driver, task.id), 'once more\nonce more\n')
  },

  async 'a signal reaches the program, which goes on'(driver, harness) {
    const task = script(harness, 'trap "echo reloaded" USR1; echo ready; while true; do sleep 0.05; done')
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    assert.ok((await driver.signal(task.id, 'SIGUSR1')).ok)
    await logged(driver, task.id, 'reloaded')
    const identity = await harness.identity(task.id)
    assert.ok(identity.length > 0)
  },
}

const bounds = { timeoutMs: 20_000, outputBytesMax: 64 }
const sh = (text: string): readonly string[] => ['/bin/sh', '-c', text]

const beside: Cases<DriverHarness> = {
  async 'a program beside a task has its environment, its user and its folder, and tells its code'(driver, harness) {
    const config = { ...harness.config('sleep 600'), workDir: '/tmp', user: '1000' }
    const task = script(harness, '', { config, env: { SHOAL_PORT_http: '28082' } })
    await start(driver, task)
    const end = await driver.exec(task, sh('echo "$SHOAL_PORT_http $(id -u) $(pwd)"; echo bad >&2; exit 3'), bounds)
    assert.ok(end.ok, JSON.stringify(end))
    assert.equal(end.value.exitCode, 3)
    assert.deepEqual(end.value.output.split('\n').filter(Boolean).sort(), ['28082 1000 /tmp', 'bad'])
  },

  async 'it is told the folder of its task, in its words and in its environment'(driver, harness) {
    const asked = script(harness, 'sleep 600', { env: { IN: `${taskDirMark}/in.txt` } })
    const task = withPayload(asked, 'in.txt', Buffer.from('given'))
    await start(driver, task)
    const end = await driver.exec(task, sh(`cat "$IN" '${taskDirMark}/in.txt' "$SHOAL_TASK_DIR/in.txt"`), bounds)
    assert.deepEqual(end, { ok: true, value: { exitCode: 0, output: 'given'.repeat(3) } })
  },

  async 'of its output the beginning is kept'(driver, harness) {
    const task = script(harness, 'sleep 600')
    await start(driver, task)
    const end = await driver.exec(task, sh('yes 0123456789 | head -c 200000; exit 0'), bounds)
    assert.ok(end.ok, JSON.stringify(end))
    assert.deepEqual([end.value.exitCode, end.value.output.length, end.value.output.slice(0, 11)], [0, 64, '0123456789\n'])
  },

  async 'one that takes too long is not waited for, and is not there twice'(driver, harness) {
    const task = script(harness, 'sleep 600')
    await start(driver, task)
    const mark = `sleep 6${task.alloc.slice(-5).replaceAll(/[a-f]/g, '7')}`
    const [first, second] = [
      await driver.exec(task, sh(mark), { ...bounds, timeoutMs: 300 }),
      await driver.exec(task, sh(mark), { ...bounds, timeoutMs: 300 }),
    ]
    assert.ok(first.ok && first.value.exitCode === null, JSON.stringify(first))
    assert.ok(second.ok ? second.value.exitCode === null : second.code === 'E_START', JSON.stringify(second))
    const living = (): number => processesWith(mark)
    assert.ok(living() <= 1)
    assert.ok((await driver.stop(task.id, 'SIGKILL', 0)).ok)
    await until('nothing of it is left', () => living() === 0)
  },

  async 'the same program may run twice at once: two checks may ask the same'(driver, harness) {
    const task = script(harness, 'sleep 600')
    await start(driver, task)
    // Each waits for the other: it ends only if both run.
    const both = sh('echo >> both; until [ "$(wc -l < both)" -ge 2 ]; do sleep 0.05; done')
    const ends = await Promise.all([driver.exec(task, both, bounds), driver.exec(task, both, bounds)])
    assert.deepEqual(
      ends.map((end) => (end.ok ? end.value.exitCode : end.message)),
      [0, 0],
    )
  },

  async 'beside what does not run nothing is run'(driver, harness) {
    const task = script(harness, 'sleep 600')
    const end = await driver.exec(task, sh('true'), bounds)
    assert.ok(!end.ok)
  },
}

const stopping: Cases<DriverHarness> = {
  async 'a task that obeys is not killed'(driver, harness) {
    const exits = collectExits(driver)
    const task = script(harness, 'trap "echo bye; exit 5" TERM; echo ready; while true; do sleep 0.05; done')
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    assert.ok((await driver.stop(task.id, 'SIGTERM', 20_000)).ok)
    assert.deepEqual(exits.all, [[task.id, { exitCode: 5, signal: null, outOfMemory: false }]])
    assert.equal(await readLogs(driver, task.id), 'ready\nbye\n')
  },

  async 'a task that ignores its signal is killed after the timeout, with all of its children'(driver, harness) {
    const exits = collectExits(driver)
    const mark = `6${freshMark()}`
    const task = script(harness, `trap "" TERM; sleep ${mark} & (trap "" TERM; setsid sleep ${mark}) & echo ready; sleep ${mark}`)
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    await until('children', () => isRunning(mark))
    assert.ok((await driver.stop(task.id, 'SIGTERM', 300)).ok)
    assert.equal(isRunning(mark), false)
    assert.equal((await exits.of(task.id)).signal, 'SIGKILL')
  },

  async 'the kill signal is the one that was asked for'(driver, harness) {
    const exits = collectExits(driver)
    const task = script(harness, 'trap "exit 9" INT; trap "exit 8" TERM; echo ready; while true; do sleep 0.05; done')
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    assert.ok((await driver.stop(task.id, 'SIGINT', 20_000)).ok)
    assert.equal((await exits.of(task.id)).exitCode, 9)
  },

  async 'what a program leaves behind ends with it'(driver, harness) {
    const exits = collectExits(driver)
    const mark = `7${freshMark()}`
    const task = script(harness, `sleep ${mark} & exit 0`)
    await start(driver, task)
    await exits.of(task.id)
    await until('no child left', () => !isRunning(mark))
  },
}

const adopting: Cases<DriverHarness> = {
  async 'an agent killed with -9 leaves its task running, and the next adopts it unharmed'(driver, harness) {
    const task = script(harness, 'i=0; while test $i -lt 4000; do i=$((i+1)); echo line $i; sleep 0.05; done', { ports: { http: 28_082 } })
    const agent = fileURLToPath(new URL('driver-agent.ts', import.meta.url))
    const args = ['--import', 'tsx', agent, JSON.stringify(harness.agentOptions), JSON.stringify(task)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    const [words] = (await once(child.stdout, 'data')) as [Buffer]
    const started = JSON.parse(words.toString()) as { readonly value: RunningTask }
    const identity = await harness.identity(task.id)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const seen = (await readLogs(driver, task.id)).length
    await until('output without an agent', async () => (await readLogs(driver, task.id)).length > seen)
    assert.deepEqual(await driver.adopt(), [started.value])
    assert.equal(await harness.identity(task.id), identity)
    assert.deepEqual(await start(driver, task), { ...started.value, found: true })
    assert.equal(await harness.identity(task.id), identity)
    const exits = collectExits(driver)
    assert.ok((await driver.stop(task.id, 'SIGTERM', 0)).ok)
    assert.equal(exits.all.length, 1)
  },

  async 'an adopted task that ends is noticed, with its code'(driver, harness) {
    const task = script(harness, 'trap "exit 6" USR1; echo ready; while true; do sleep 0.05; done')
    await start(driver, task)
    await logged(driver, task.id, 'ready')
    await driver.close()
    const next = harness.create()
    const exits = collectExits(next)
    assert.equal((await next.adopt()).length, 1)
    await next.signal(task.id, 'SIGUSR1')
    assert.deepEqual(await exits.of(task.id), { exitCode: 6, signal: null, outOfMemory: false })
    await next.remove(task.id)
    await next.close()
  },
}

const logging: Cases<DriverHarness> = {
  async 'both streams are kept apart, whole or from the end'(driver, harness) {
    const exits = collectExits(driver)
    const task = script(harness, 'echo one; echo two >&2; echo three')
    await start(driver, task)
    await exits.of(task.id)
    assert.equal(await readLogs(driver, task.id), 'one\nthree\n')
    assert.equal(await readLogs(driver, task.id, { stream: 'stderr' }), 'two\n')
    assert.equal(await readLogs(driver, task.id, { tailBytes: 4 }), 'ree\n')
    assert.equal(await readLogs(driver, task.id, { tailBytes: 1_000 }), 'one\nthree\n')
    assert.equal(await readLogs(driver, task.id, { tailBytes: 4, follow: true }), 'ree\n')
    assert.equal(await readLogs(driver, 'no-such-task'), '')
  },

  async 'following shows what comes until the task ends'(driver, harness) {
    const task = script(harness, 'trap "echo last; exit 0" USR1; echo first; echo second; while true; do sleep 0.05; done')
    await start(driver, task)
    await logged(driver, task.id, 'second')
    const whole = readLogs(driver, task.id, { follow: true })
    const tail = readLogs(driver, task.id, { follow: true, tailBytes: 7 })
    await driver.signal(task.id, 'SIGUSR1')
    assert.deepEqual(await Promise.all([whole, tail]), ['first\nsecond\nlast\n', 'second\nlast\n'])
  },

  async 'following ends when the reader has enough'(driver, harness) {
    const task = script(harness, 'echo first; sleep 600')
    await start(driver, task)
    await logged(driver, task.id, 'first')
    const enough = new AbortController()
    const parts: string[] = []
    for await (const part of driver.logs(task.id, { stream: 'stdout', follow: true, tailBytes: null, signal: enough.signal })) {
      parts.push(Buffer.from(part).toString())
      enough.abort()
    }
    assert.deepEqual(parts, ['first\n'])
  },

  async 'logs stay bounded and keep the newest'(driver, harness) {
    const exits = collectExits(driver)
    const size = 1024 * 1024
    const task = script(harness, 'yes 0123456789abcde | head -c 6000000; echo; echo end of output', {
      logs: { maxFiles: 2, maxFileSizeMib: 1 },
    })
    await start(driver, task)
    await exits.of(task.id)
    await until('a bounded log', async () => (await readLogs(driver, task.id)).length <= 2 * size)
    const kept = await readLogs(driver, task.id)
    assert.ok(kept.endsWith('\nend of output\n'))
    // An engine counts what it wraps around each line as well.
    assert.ok(kept.length > 100_000, `${kept.length} bytes kept`)
  },
}

const refusing: Cases<DriverHarness> = {
  async 'an unknown signal is refused'(driver, harness) {
    const task = script(harness, 'sleep 600')
    await start(driver, task)
    assert.equal((await driver.signal(task.id, 'SIGNONSENSE')).ok, false)
    assert.equal((await driver.stop(task.id, 'SIGTERM', 0)).ok, true)
    assert.equal((await driver.signal(task.id, 'SIGTERM')).ok, false)
  },
}

let marks = 0

/** A number of seconds that no other process sleeps for. */
function freshMark(): string {
  marks += 1
  return `${process.pid}${String(marks).padStart(3, '0')}`
}
