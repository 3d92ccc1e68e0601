// What a scenario file may say: every key and its shape. What keys mean together is checked by `timeline.ts`. All keys are optional
// unless `required` says otherwise.

import { isName, nameRule } from '../../crdt/ids.ts'
import { driverNames } from '../../crdt/spec.ts'
import { dnsStates } from '../../simulator/scenario/scenario.ts'
import {
  type Rule,
  block,
  clock,
  duration,
  flag,
  integer,
  listOf,
  mapOf,
  name,
  oneOf,
  optional,
  rate,
  size,
  text,
  twoOfWords,
  wordOrWords,
  words,
} from '../job-file/rules.ts'

const boardWords = 'boards: a name, a pattern such as shop-*, a label such as site=north, all, or a list of these'
const texts = (what: string): Rule => mapOf(text(), what, (key) => key !== '', 'a name that is not empty')
const others = (rules: Readonly<Record<string, Rule>>): Record<string, Rule> =>
  Object.fromEntries(Object.entries(rules).map(([key, rule]) => [key, optional(rule)]))

const device = (): Rule =>
  block({
    name: words('vendor/type/model, such as 0403/serial/6001'),
    ...others({ key: words('its key'), attributes: texts('names to texts') }),
  })

const board = (): Rule =>
  block({
    name: words('a name, or several: shop-{1..3}'),
    ...others({
      pool: name('the name of a pool'),
      labels: mapOf(text(), 'names to texts', isName, `a name: ${nameRule}`),
      attributes: texts('names such as cpu.arch to texts'),
      cpu: clock(),
      memory: size(),
      disk: size(),
      id: words('the id of a real board (12D3KooW…)'),
      bandwidth: rate(),
      joins: duration(),
      devices: listOf(device(), 'devices: { name: vendor/type/model, attributes }'),
      drivers: listOf(oneOf(driverNames), `drivers: ${driverNames.join(', ')}`),
    }),
  })

/** Of its job: group and index. */
const isSlot = (key: string): boolean => /^[^/]+\/\d{1,6}$/.test(key)

const job = (): Rule =>
  block({
    file: words('the path of a job file, from the folder of this file'),
    ...others({
      at: duration(),
      via: words('the name of a board'),
      placed: mapOf(text(), 'slots such as main/0 to the boards that run them at 0:00', isSlot, 'a group and a number, such as main/0'),
    }),
  })

/** Keys that say what happens; each entry of the timeline has one of them. */
export const actionKeys = [
  'cut',
  'heal',
  'flap',
  'kill',
  'start',
  'power_cut',
  'power_on',
  'pause',
  'disk_full',
  'disk_read_only',
  'disk_broken',
  'disk_free',
  'uplink',
  'line',
  'dns',
  'new_address',
  'crash',
  'image_missing',
  'image_found',
  'run',
  'stop',
  'remove',
  'scale',
  'stop_copy',
  'drain',
  'undrain',
  'eligible',
  'ineligible',
  'evict',
  'unevict',
] as const
export type ActionKey = (typeof actionKeys)[number]

const sides = (): Rule => twoOfWords(`two sides, such as [site=north, site=south] or [shop-1, others]; each ${boardWords}`)
const on = (): Rule => wordOrWords(boardWords)
const ofJob = (): Rule => words('the name of a job (or namespace/name)')

const happening = (): Rule =>
  block({
    at: duration(),
    ...others({
      cut: sides(),
      heal: twoOfWords(`all, or two sides, such as [site=north, site=south]; each ${boardWords}`, 'all'),
      flap: sides(),
      one_way: flag(),
      every: duration(),
      for: duration(),
      kill: on(),
      start: on(),
      power_cut: on(),
      power_on: on(),
      pause: on(),
      disk_full: on(),
      disk_read_only: on(),
      disk_broken: on(),
      disk_free: on(),
      uplink: on(),
      bandwidth: rate(),
      line: sides(),
      delay: duration(),
      loss: integer(0, 90),
      dns: oneOf(dnsStates),
      new_address: on(),
      crash: ofJob(),
      image_missing: words('the name of an image, or the command of a raw_exec task'),
      image_found: words('the name of an image, or the command of a raw_exec task'),
      run: words('the path of a job file, from the folder of this file'),
      stop: ofJob(),
      remove: ofJob(),
      drain: on(),
      undrain: on(),
      eligible: on(),
      ineligible: on(),
      evict: on(),
      unevict: on(),
      scale: words('a group of a job: web/main (or namespace/web/main)'),
      count: integer(0, 10_000),
      stop_copy: words('a slot of a job: web/main/0 (or namespace/web/main/0)'),
      on: on(),
      via: words('the name of the board that takes the order'),
    }),
  })

export const scenarioSchema = (): Rule =>
  block({
    boards: listOf(board(), 'boards: { name, pool, labels, attributes, cpu, memory, disk, drivers }'),
    ...others({
      scenario: words('what this is about, in a few words'),
      duration: duration(),
      seed: integer(0, 2 ** 32 - 1),
      links: block(others({ delay: duration(), loss: integer(0, 100) })),
      jobs: listOf(job(), 'jobs: { file, at, via, placed }'),
      timeline: listOf(happening(), `what happens: { at, and one of ${actionKeys.join(', ')} }`),
    }),
  })
