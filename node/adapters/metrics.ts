// Numbers for dashboards, in Prometheus' text format. Counted where things happen, read when somebody asks; the default metrics of
// the library are left out because their event loop monitor wakes an idle board a hundred times a second.

import { Counter, Gauge, Histogram, Registry } from 'prom-client'

export interface Metrics {
  step(kind: string, ms: number): void
  lag(ms: number): void
  persist(ms: number, writes: number, isWritten: boolean): void
  effect(kind: string): void
  dropped(what: string): void
  /** Called before each reading; sets gauges by name. */
  watch(read: () => Readonly<Record<string, number>>): void
  text(): Promise<string>
}

/** 0.1 ms to 1 s: the budget of a step is 50 ms, a sync of an SD card takes up to seconds. */
const buckets = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1]

export function createMetrics(): Metrics {
  const registers = [new Registry()]
  const steps = new Histogram({
    name: 'shoal_step_seconds',
    help: 'Duration of a step of the core',
    labelNames: ['event'],
    buckets,
    registers,
  })
  const persists = new Histogram({ name: 'shoal_persist_seconds', help: 'Duration of a write to the store', buckets, registers })
  const failures = new Counter({ name: 'shoal_persist_failures_total', help: 'Writes that the store refused', registers })
  const records = new Counter({ name: 'shoal_persist_records_total', help: 'Records written', registers })
  const effects = new Counter({ name: 'shoal_effects_total', help: 'Effects carried out', labelNames: ['kind'], registers })
  const drops = new Counter({
    name: 'shoal_dropped_total',
    help: 'Things dropped because a queue was full',
    labelNames: ['what'],
    registers,
  })
  const lag = new Gauge({ name: 'shoal_loop_lag_seconds', help: 'How late the last tick came', registers })
  const watched = new Map<string, Gauge>()
  const readers: (() => Readonly<Record<string, number>>)[] = []
  return {
    step: (kind, ms) => steps.observe({ event: kind }, ms / 1_000),
    lag: (ms) => lag.set(ms / 1_000),
    persist: (ms, writes, isWritten) => {
      persists.observe(ms / 1_000)
      if (isWritten) records.inc(writes)
      else failures.inc()
    },
    effect: (kind) => effects.inc({ kind }),
    dropped: (what) => drops.inc({ what }),
    watch: (read) => void readers.push(read),
    text: () => {
      for (const [name, value] of readers.flatMap((read) => Object.entries(read()))) {
        if (!watched.has(name)) watched.set(name, new Gauge({ name: `shoal_${name}`, help: name.replaceAll('_', ' '), registers }))
        watched.get(name)!.set(value)
      }
      return registers[0]!.metrics()
    },
  }
}
