// What is built runs anywhere: dist/ alone in an empty folder, without node_modules, and with every version of Node that is
// promised. Other versions than this process's come from `.ci/install-nodes`; `scripts/test.mjs` says loudly which are missing.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { spawn } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { undoAtExit } from './support/cleanup.ts'
import { until } from './support/fleet.ts'
import { job } from './support/jobs.ts'
import { loopback } from './support/ports.ts'
import { taskPids, tryKill } from './support/processes.ts'
import { programFolder } from './support/program.ts'
import { type Ran, ended, run } from './support/run.ts'

const nodesFolder = process.env['SHOAL_TEST_NODES'] ?? join(homedir(), '.cache/shoal-test/nodes')
const others = ['22', '24'].map((major) => ({ major, binary: join(nodesFolder, major, 'bin/node') }))

const root = mkdtempSync(join(tmpdir(), 'shoal-e2e-bundle-'))
const undo = undoAtExit(() => rmSync(root, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }))
after(undo)

for (const { major, binary } of [{ major: 'this one', binary: process.execPath }, ...others]) {
  if (!existsSync(binary)) {
    console.error(`\n!! NOT TESTED HERE: the built program with Node ${major}: ${binary} is missing (.ci/install-nodes installs it)\n`)
    continue
  }
  test(`dist/ in an empty folder with Node ${major}: version, fleet init, an agent, a job, a restart`, async (t) => {
    const folder = join(root, major.replace(' ', '-'))
    mkdirSync(folder)
    cpSync(programFolder, join(folder, 'shoal'), { recursive: true })
    // Nothing of this process's surroundings: what a board has.
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder, SHOAL_NODE: binary, NO_COLOR: '1', NODE_PATH: '', NODE_OPTIONS: '' }
    const shoal = async (...args: string[]): Promise<Ran> => {
      const ran = await run(join(folder, 'shoal/shoal'), args, { env, cwd: folder })
      assert.equal(ran.code, 0, ran.output)
      return ran
    }
    const version = await run(binary, ['--version'])
    t.diagnostic(version.stdout.trim())
    assert.match((await shoal('version')).stdout, /^shoal \d+\.\d+\.\d+/)
    const address = await loopback()
    await shoal('fleet', 'init', 'acme', '--peer', address)
    const agentArgs = [
      'agent',
      '--join',
      'acme.join.json',
      '--data-dir',
      join(folder, 'data'),
      '--listen',
      address,
      '--raw-exec',
      '--name',
      'one',
    ]
    const board = { folder: join(folder, 'data'), process: null }
    const start = (): { process: ReturnType<typeof spawn>; stop: () => Promise<number> } => {
      const agent = spawn(join(folder, 'shoal/shoal'), agentArgs, { env: { ...process.env, ...env }, cwd: folder, stdio: 'ignore' })
      return { process: agent, stop: async () => (agent.kill('SIGTERM'), await ended(agent)) }
    }
    const kill = undoAtExit(() => taskPids(board).forEach(tryKill))
    let agent = start()
    const end = undoAtExit(() => agent.process.kill('SIGKILL'))
    try {
      await until(
        'the agent answers over libp2p',
        60_000,
        async () => (await run(join(folder, 'shoal/shoal'), ['status'], { env, cwd: folder })).code === 0,
      )
      writeFileSync(join(folder, 'hello.json'), JSON.stringify(job('hello')))
      assert.match((await shoal('job', 'run', 'hello.json')).output, /1 of 1 copies healthy/)
      const pids = taskPids(board)
      assert.ok(pids.length > 0)
      assert.equal(await agent.stop(), 0)
      agent = start()
      await until('it is back with its job', 60_000, async () =>
        /healthy/.test((await run(join(folder, 'shoal/shoal'), ['alloc', 'status'], { env, cwd: folder })).stdout),
      )
      assert.deepEqual(taskPids(board), pids, 'adopted')
      assert.equal(await agent.stop(), 0)
    } finally {
      end()
      kill()
    }
  })
}
