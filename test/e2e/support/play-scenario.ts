// Plays a scenario file on real agents in network namespaces, as `simulator/scenario/play.ts` does on simulated boards: the same
// boards, job files and timeline. Cuts are dropped packets, power cuts end the agent and everything that it runs with the cable out.
// What ran where is read from the processes of this machine: no agent is asked.

import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Scenario, ScenarioEvent } from '../../../simulator/scenario/scenario.ts'
import { readScenario } from '../../../cli/scenario-file/read-scenario.ts'
import type { ScenarioPlan } from '../../../cli/scenario-file/plan.ts'
import type { RunningTask } from '../../../node/core/ports.ts'
import { testSecret, testSigner } from '../../support/crypto.ts'
import { atRest } from './at-rest.ts'
import { type Agent, Fleet, aliveOn, until } from './fleet.ts'
import { Rig } from './netns.ts'
import { runningTasks } from './processes.ts'

/** A copy began or ended on a board. */
export interface Turn {
  readonly slot: string
  readonly what: 'starts' | 'stops'
  readonly board: string
  readonly generation: number
  /** Since all boards see one another; not compared. */
  readonly atMs: number
}

/** Slot → the boards that run it, sorted. */
export type Holders = Readonly<Record<string, readonly string[]>>

type Step = ScenarioPlan['steps'][number]

// Hardly anything takes longer than seconds; a machine that is busy with other things may need much longer.
const patienceMs = 120_000
const lookEveryMs = 50
const port = 7421

/** Keys of boards follow from the scenario's seed, so that ties are broken in the same way in every run. */
const keyOf = (seed: number, index: number): number => 300 + 20 * seed + index

/** With the ids that the real boards have. */
export function withRealIds(scenario: Scenario): Scenario {
  return { ...scenario, boards: scenario.boards.map((board, index) => ({ ...board, id: testSigner(keyOf(scenario.seed, index)).node })) }
}

export function readPlan(folder: string, file: string): ScenarioPlan {
  const read = readScenario(file, readFileSync(join(folder, file), 'utf8'))
  if (!read.ok) throw new Error(JSON.stringify(read.faults))
  return read.plan
}

export class RealBoards {
  readonly turns: Turn[] = []
  readonly #folder: string
  readonly #plan: ScenarioPlan
  readonly #rig = new Rig()
  readonly #fleet = new Fleet()
  readonly #open = new Map<string, RunningTask>()
  #startedAt = 0
  #looking: NodeJS.Timeout | null = null

  constructor(folder: string, plan: ScenarioPlan) {
    this.#folder = folder
    this.#plan = plan
  }

  /** Every board runs and sees all others. */
  async start(): Promise<void> {
    const { boards, seed } = this.#plan
    for (const { name } of boards) this.#rig.addBoard(name)
    const address = (name: string): string => `/ip4/${this.#rig.address(name)}/tcp/${port}`
    await this.#fleet.init(boards.slice(0, 2).map(({ name }) => address(name)))
    for (const [index, { name, labels, capacity }] of boards.entries()) {
      const resources = { cpu: `${capacity.cpuMhz} MHz`, memory: `${capacity.memoryMib} MiB`, disk: `${capacity.diskMib} MiB` }
      const namespace = this.#rig.namespace(name)
      const agent = this.#fleet.prepare(name, { namespace, listen: address(name), labels, config: { capacity: resources } })
      writeFileSync(join(agent.folder, 'node.key'), testSecret(keyOf(seed, index)).toString('hex'), { mode: 0o600 })
      this.#fleet.launch(agent)
    }
    await until('all boards see one another', patienceMs, async () => {
      const seen = await Promise.all([...this.#fleet.agents.values()].map(aliveOn))
      return seen.every((alive) => alive.length === boards.length)
    })
    this.#startedAt = Date.now()
    this.#looking = setInterval(() => this.#look(), lookEveryMs)
  }

  holders(): Holders {
    this.#look()
    const found: Record<string, string[]> = {}
    for (const [key, { slot }] of this.#open) (found[slot] ??= []).push(key.split(' ')[0]!)
    return Object.fromEntries(Object.entries(found).map(([slot, boards]) => [slot, boards.toSorted()]))
  }

  async play(step: Step): Promise<void> {
    switch (step.kind) {
      case 'run-file': {
        const file = resolve(this.#folder, step.file)
        const ran = await this.#fleet.cli(['job', 'run', file, '--detach', '--peer', `unix:${this.#agent(step.via).socket}`])
        if (ran.code !== 0) throw new Error(ran.output)
        return
      }
      case 'cut':
        return this.#eachWay(step, (from, to) => this.#rig.drop(from, to), step.oneWay)
      case 'heal':
        return this.#eachWay(step, (from, to) => this.#rig.pass(from, to), false)
      case 'power-cut':
        for (const name of step.boards) {
          this.#rig.unplug(name)
          await this.#fleet.powerCut(this.#fleet.agent(name))
        }
        return
      case 'power-on':
        for (const name of step.boards) {
          this.#rig.plug(name)
          this.#fleet.launch(this.#fleet.agent(name))
        }
        return
      default:
        throw new Error(`nobody can play ${step.kind} on real boards yet`)
    }
  }

  /** The rules that simulated boards are held against once all faults have ended. */
  async rest(): Promise<void> {
    await atRest(this.#fleet, [...this.#fleet.agents.values()], patienceMs)
  }

  async stop(): Promise<void> {
    if (this.#looking !== null) clearInterval(this.#looking)
    await this.#fleet.stop()
    this.#rig.destroy()
  }

  /** For a failing test: the ends of all logs. */
  logs(): string {
    return `${JSON.stringify(this.turns)}\n${this.#fleet.logs(60)}`
  }

  #agent(name: string | null): Agent {
    return this.#fleet.agent(name ?? this.#plan.boards[0]!.name)
  }

  #eachWay({ from, to }: Extract<ScenarioEvent, { from: unknown }>, act: (from: string, to: string) => void, oneWay: boolean): void {
    const ways = new Set<string>()
    for (const a of from)
      for (const b of to) if (a !== b) for (const way of oneWay ? [`${a} ${b}`] : [`${a} ${b}`, `${b} ${a}`]) ways.add(way)
    for (const way of ways) act(...(way.split(' ') as [string, string]))
  }

  /** A task runs while its process does, whether or not an agent does. */
  #look(): void {
    const seen = new Map<string, RunningTask>()
    for (const agent of this.#fleet.agents.values())
      for (const task of runningTasks(agent)) seen.set(`${agent.name} ${task.alloc} ${task.form}`, task)
    this.#note('stops', this.#open, seen)
    this.#note('starts', seen, this.#open)
    this.#open.clear()
    for (const [key, task] of seen) this.#open.set(key, task)
  }

  #note(what: Turn['what'], from: ReadonlyMap<string, RunningTask>, without: ReadonlyMap<string, unknown>): void {
    for (const [key, { slot, generation }] of from)
      if (!without.has(key)) this.turns.push({ slot, what, board: key.split(' ')[0]!, generation, atMs: Date.now() - this.#startedAt })
  }
}
