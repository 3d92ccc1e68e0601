// Worker processes for searches: each takes one seed or one small world after another, and answers come in any order. This file is also
// what the workers run. A worker that dies ends the search: a seed that kills the process is a finding, not a thing to skip.

import { fork, type ChildProcess } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { drawPlan } from './chaos/draw.ts'
import { planHash } from './chaos/plan-hash.ts'
import type { SeedResult } from './chaos/search.ts'
import { runChaos } from './chaos/run.ts'
import { nativeCrypto } from './native-crypto-main.ts'
import { type SmallWorld, playSmallWorld } from './small/play.ts'

export type CrewTask =
  | { readonly kind: 'seed'; readonly seed: number; readonly minutes: number | null }
  | { readonly kind: 'world'; readonly world: SmallWorld }

export interface CrewAnswers {
  seed: SeedResult & { readonly planHash: string }
  /** What is wrong with it, in words. */
  world: readonly string[]
}

/** `--workers N`; as many as there are cores unless told otherwise. */
export function workersOf(text: string | undefined): number {
  const wanted = text === undefined ? availableParallelism() : Number(text)
  if (!Number.isInteger(wanted) || wanted < 1) throw new Error(`--workers ${text}: a whole number from 1 on`)
  return wanted
}

/** Plays every task of `tasks`, which may be endless, and tells each answer. Ends early once `isOver` says so. */
export async function playAll<T extends CrewTask>(
  tasks: Iterable<T>,
  workers: number,
  tell: (task: T, answer: CrewAnswers[T['kind']]) => void,
  isOver: () => boolean = () => false,
): Promise<void> {
  const left = tasks[Symbol.iterator]()
  const crew: ChildProcess[] = []
  try {
    await Promise.all(
      Array.from({ length: workers }, async () => {
        const child = fork(fileURLToPath(import.meta.url), ['--worker'])
        crew.push(child)
        while (!isOver()) {
          const next = left.next()
          if (next.done === true) return
          tell(next.value, (await ask(child, next.value)) as CrewAnswers[T['kind']])
        }
      }),
    )
  } finally {
    for (const child of crew) child.kill()
  }
}

async function ask(child: ChildProcess, task: CrewTask): Promise<unknown> {
  return await new Promise((resolve, reject) => {
    const gone = (code: number | null, signal: string | null): void => {
      reject(new Error(`a worker ended (${signal ?? code}) at ${JSON.stringify(task)}`))
    }
    child.once('exit', gone)
    child.once('message', (answer) => {
      child.off('exit', gone)
      resolve(answer)
    })
    child.send(task)
  })
}

function play(task: CrewTask): CrewAnswers[CrewTask['kind']] {
  if (task.kind === 'world') return playSmallWorld(task.world)
  const plan = drawPlan(task.seed, task.minutes === null ? {} : { minutes: task.minutes })
  const { seed, violations, sights, steps, virtualMs, traceHash } = runChaos(plan, new Set(), { crypto: nativeCrypto })
  return { seed, violations, sights: [...sights], steps, virtualMs, traceHash, planHash: planHash(plan) }
}

if (process.argv[2] === '--worker' && process.send !== undefined) {
  process.on('message', (task: CrewTask) => {
    const answer = play(task)
    // Whoever asked may have gone meanwhile.
    process.send!(answer, undefined, {}, (error) => error !== null && process.exit(0))
  })
  // The interrupt is for whoever asks: what is being played is played to its end.
  process.on('SIGINT', () => {})
  process.on('disconnect', () => process.exit(0))
}
