// The page's script, run on as little of a browser as it needs: what stands on the page at a moment.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { pageScript } from '../../../cli/sim-page/script.ts'
import type { Report } from '../../../simulator/scenario/report.ts'
import type { ScenarioEvent } from '../../../simulator/scenario/scenario.ts'

class Element {
  value = ''
  onclick: () => void = () => {}
  oninput: () => void = () => {}
  readonly words: (Element | string)[] = []
  readonly classes = new Set<string>()
  readonly classList = { toggle: (name: string, has: boolean): void => void (has ? this.classes.add(name) : this.classes.delete(name)) }
  set textContent(text: unknown) {
    this.words.splice(0, Infinity, String(text))
  }
  get textContent(): string {
    return this.words.map((word) => (typeof word === 'string' ? word : word.textContent)).join(' ')
  }
  append(...words: (Element | string)[]): void {
    this.words.push(...words)
  }
  replaceChildren(): void {
    this.words.length = 0
  }
  setAttribute(): void {}
}

function open(report: Report): { readonly at: (id: string) => Element; readonly show: (ms: number) => void } {
  const found = new Map<string, Element>([['report', new Element()]])
  found.get('report')!.textContent = JSON.stringify(report)
  const at = (id: string): Element => {
    if (!found.has(id)) found.set(id, new Element())
    return found.get(id)!
  }
  const make = (): Element => new Element()
  runInNewContext(pageScript, { document: { getElementById: at, createElement: make, createElementNS: make } })
  const show = (ms: number): void => {
    at('time').value = String(ms)
    at('time').oninput()
  }
  return { at, show }
}

test('the map says what is wrong with a board, the list has all that happened, and a click goes there', () => {
  const boards = ['a']
  const events: [ScenarioEvent, string][] = [
    [{ atMs: 1_000, kind: 'disk-full', boards }, 'disk-full a'],
    [{ atMs: 2_000, kind: 'drain', boards, via: null }, 'drain a'],
    [{ atMs: 3_000, kind: 'image-missing', image: 'nginx:2', boards }, 'image-missing nginx:2 on a'],
    [{ atMs: 4_000, kind: 'ineligible', boards, via: null }, 'ineligible a'],
    [{ atMs: 5_000, kind: 'disk-free', boards }, 'disk-free a'],
    [{ atMs: 5_000, kind: 'undrain', boards, via: null }, 'undrain a'],
    [{ atMs: 5_000, kind: 'image-found', image: 'nginx:2', boards }, 'image-found nginx:2 on a'],
    [{ atMs: 5_000, kind: 'eligible', boards, via: null }, 'eligible a'],
  ]
  const page = open({
    scenario: 'x',
    seed: 1,
    durationMs: 6_000,
    lookedEveryMs: 50,
    jobs: [],
    slots: [],
    boards: [{ name: 'a', pool: 'default', labels: {}, joinsMs: 0, messagesSent: 7_654, bytesSent: 0, boots: 1 }],
    messages: 7_654,
    happenings: events.map(([event, text]) => ({ event, text })),
    notes: [],
  })
  assert.match(page.at('boards').textContent, /board pool messages sent .* 7654 /)
  page.show(4_500)
  assert.match(page.at('map').textContent, /a disk full, drains, not eligible, cannot have nginx:2$/)
  page.show(5_500)
  assert.match(page.at('map').textContent, / a$/)
  const entries = page.at('events').words as Element[]
  assert.deepEqual(
    entries.map(({ textContent }) => textContent.replace(/^\S+ +/, '')),
    events.map(([, text]) => text),
  )
  entries[1]!.onclick()
  assert.equal(page.at('clock').textContent, '0:02.0')
  assert.deepEqual(
    entries.map(({ classes }) => classes.has('past')),
    events.map((_, at) => at < 2),
  )
})
