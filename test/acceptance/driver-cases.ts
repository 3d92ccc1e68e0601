// Plays the cases of a driver suite, each with a driver of its own, and leaves none of their tasks behind.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunningTask, TaskDriver, TaskId, TaskRequest } from '../../node/core/ports.ts'
import { type TaskWishes, taskRequest } from './driver-harness.ts'

export type Cases<Harness> = Readonly<Record<string, (driver: TaskDriver, harness: Harness) => Promise<void>>>

/** Ids of this case's tasks, which must not outlive it. */
const requested: TaskId[] = []

export function playCases<Harness extends { create(): TaskDriver }>(cases: Cases<Harness>, harnessOf: () => Harness): void {
  for (const [name, body] of Object.entries(cases)) {
    test(name, async () => {
      const harness = harnessOf()
      const driver = harness.create()
      try {
        await body(driver, harness)
      } finally {
        for (const id of requested.splice(0)) await driver.remove(id)
        await driver.close()
      }
    })
  }
}

export function request(wishes: TaskWishes): TaskRequest {
  const task = taskRequest(wishes)
  requested.push(task.id)
  return task
}

export async function start(driver: TaskDriver, task: TaskRequest): Promise<RunningTask> {
  const started = await driver.start(task)
  assert.ok(started.ok, JSON.stringify(started))
  return started.value
}
