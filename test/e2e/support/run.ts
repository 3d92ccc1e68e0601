// Runs a program to its end and keeps what it says.

import { type ChildProcess, spawn } from 'node:child_process'

export interface Ran {
  readonly code: number
  /** stdout and stderr as they came. */
  readonly output: string
  readonly stdout: string
  readonly ms: number
}

export interface RunOptions {
  /** On top of this process's environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  readonly input?: string
}

export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const started = performance.now()
  const child = spawn(command, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...options.env } })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  let output = ''
  let stdout = ''
  child.stdout.on('data', (data: Buffer) => {
    output += data.toString()
    stdout += data.toString()
  })
  child.stderr.on('data', (data: Buffer) => (output += data.toString()))
  const code = await new Promise<number>((done, failed) => {
    child.once('error', failed)
    child.once('close', (status) => done(status ?? 1))
  })
  return { code, output, stdout, ms: Math.round(performance.now() - started) }
}

/** The exit code once it has ended; 128 for a signal. */
export async function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return child.exitCode
  if (child.signalCode !== null) return 128
  return await new Promise((done) => child.once('exit', (code) => done(code ?? 128)))
}
