// What draws the page of a played scenario, in the browser: plain script, no library, so that the page is one file that still opens
// in ten years. Names from the report become text nodes, never markup.

export const pageScript = String.raw`
'use strict'
const report = JSON.parse(document.getElementById('report').textContent)
const at = (id) => document.getElementById(id)
const NS = 'http://www.w3.org/2000/svg'
const svg = (name, attributes, text) => {
  const made = document.createElementNS(NS, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}
const clock = (ms) => {
  const s = ms / 1000, two = (n) => String(Math.floor(n)).padStart(2, '0')
  return (s >= 3600 ? Math.floor(s / 3600) + ':' + two(s / 60 % 60) : Math.floor(s / 60)) + ':' + (s % 60).toFixed(1).padStart(4, '0')
}
// Red and orange say that something is wrong; neighbours in the list differ in lightness, too.
const hueOf = (index) => 65 + Math.round(275 * index / report.boards.length)
const boards = report.boards.map((board, index) => ({ ...board, index, colour: 'hsl(' + hueOf(index) + ' 55% ' + (index % 2 === 0 ? 40 : 55) + '%)' }))
const boardOf = new Map(boards.map((board) => [board.name, board]))

const fill = (table, heads, rows) => {
  const row = (cells, tag) => {
    const tr = document.createElement('tr')
    for (const cell of cells) { const td = document.createElement(tag); td.textContent = cell; tr.append(td) }
    return tr
  }
  table.append(row(heads, 'th'), ...rows.map((cells) => row(cells, 'td')))
}
const isOnePool = boards.every(({ pool }) => pool === boards[0].pool)
const label = ({ slot, pool }) => (isOnePool ? slot : slot + ' in ' + pool)
const s = (ms) => (ms / 1000).toFixed(1) + ' s'
fill(at('jobs'), ['job', ...(isOnePool ? [] : ['pool']), 'slots', 'available', 'all ran after', 'longest gap', 'more than one', 'moves', 'restarts'],
  report.jobs.map((j) => [j.job, ...(isOnePool ? [] : [j.pool]), j.slots, j.availablePercent.toFixed(2) + ' %', j.firstRunningMs === null ? 'never' : s(j.firstRunningMs),
    s(j.longestGapMs), s(j.severalMs), j.moves, j.restarts]))
fill(at('boards'), ['board', 'pool', 'messages', 'sent', 'a second', 'boots'],
  boards.map((b) => [b.name, b.pool, b.messagesSent, (b.bytesSent / 1000).toFixed(1) + ' kB', Math.round(b.bytesSent / report.durationMs * 1000) + ' B', b.boots]))

// ---- the world at a moment: the timeline replayed up to there
// What operators wish of a board, what takes it back, and the word that stands at it meanwhile.
const opposites = [['drain', 'undrain', 'drains'], ['ineligible', 'eligible', 'not eligible'], ['evict', 'unevict', 'evicted']]
const worldAt = (ms) => {
  const closed = new Set(), down = new Set(), paused = new Set(), long = new Set(), nameless = new Set(), uplinks = new Map(), full = new Map(), wishes = new Map(), lacking = new Map()
  const wished = (name) => { if (!wishes.has(name)) wishes.set(name, new Set()); return wishes.get(name) }
  for (const board of boards) if (board.joinsMs > ms) down.add(board.name)
  const pairs = (event, work) => { for (const a of event.from) for (const b of event.to) if (a !== b) work(a, b) }
  for (const { event } of report.happenings) {
    if (event.atMs > ms) break
    if (event.kind === 'cut') pairs(event, (a, b) => { closed.add(a + '>' + b); if (!event.oneWay) closed.add(b + '>' + a) })
    if (event.kind === 'heal') pairs(event, (a, b) => { closed.delete(a + '>' + b); closed.delete(b + '>' + a) })
    if (event.kind === 'kill' || event.kind === 'power-cut') for (const name of event.boards) down.add(name)
    if (event.kind === 'start' || event.kind === 'power-on') for (const name of event.boards) down.delete(name)
    if (event.kind === 'line') pairs(event, (a, b) => { for (const way of [a + '>' + b, b + '>' + a]) event.delayMs + event.lossPercent > 0 ? long.add(way) : long.delete(way) })
    if (event.kind === 'uplink') for (const name of event.boards) event.kbitPerS === null ? uplinks.delete(name) : uplinks.set(name, event.kbitPerS + ' kbit/s')
    if (event.kind === 'dns') for (const name of event.boards) event.state === 'works' ? nameless.delete(name) : nameless.add(name)
    for (const state of ['full', 'read-only', 'broken']) if (event.kind === 'disk-' + state) for (const name of event.boards) full.set(name, 'disk ' + state)
    if (event.kind === 'disk-free') for (const name of event.boards) full.delete(name)
    for (const [kind, end, word] of opposites) {
      if (event.kind === kind) for (const name of event.boards) wished(name).add(word)
      if (event.kind === end) for (const name of event.boards) wished(name).delete(word)
    }
    if (event.kind === 'image-missing' || event.kind === 'image-found') for (const name of event.boards) {
      if (!lacking.has(name)) lacking.set(name, new Set())
      event.kind === 'image-missing' ? lacking.get(name).add(event.image) : lacking.get(name).delete(event.image)
    }
    if (event.kind === 'pause' && event.atMs + event.forMs > ms) for (const name of event.boards) paused.add(name)
  }
  return { closed, down, paused, long, nameless, uplinks, full, wishes, lacking }
}
const runningAt = (ms) => {
  const found = new Map()
  for (const { slot, copies } of report.slots)
    for (const copy of copies) if (copy.fromMs <= ms && ms < copy.toMs) {
      if (!found.has(copy.board)) found.set(copy.board, [])
      found.get(copy.board).push(slot)
    }
  return found
}

// ---- the map: boards in rings by their first label, or in one ring
const map = at('map')
const labelKey = Object.keys(boards[0].labels)[0]
const siteOf = (board) => (labelKey === undefined ? board.pool : board.labels[labelKey] ?? '')
const sites = [...new Set(boards.map(siteOf))]
const largest = Math.max(...sites.map((site) => boards.filter((board) => siteOf(board) === site).length))
const size = { width: 1100, height: Math.min(620, 130 + 44 * Math.min(largest, 11)) }
map.setAttribute('viewBox', '0 0 ' + size.width + ' ' + size.height)
const place = new Map()
sites.forEach((site, i) => {
  const members = boards.filter((board) => siteOf(board) === site)
  const wide = size.width / sites.length, cx = wide * (i + 0.5), cy = size.height / 2 + 6
  const rx = Math.min(wide / 2 - 60, 60 + 26 * members.length), ry = Math.min(size.height / 2 - 40, 20 + 22 * members.length)
  members.forEach((board, k) => {
    const angle = 2 * Math.PI * k / members.length - Math.PI / 2
    place.set(board.name, members.length === 1 ? [cx, cy] : [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)])
  })
})
const linksDrawnMax = 40, chipsMax = 5
const drawMap = (ms) => {
  const { closed, down, paused, long, nameless, uplinks, full, wishes, lacking } = worldAt(ms), running = runningAt(ms)
  map.replaceChildren()
  if (sites.length > 1) sites.forEach((site, i) => map.append(svg('text', { x: size.width / sites.length * (i + 0.5), y: 14, 'text-anchor': 'middle', class: 'dim' }, site)))
  for (const a of boards) for (const b of boards) {
    if (a.index >= b.index) continue
    const ways = Number(closed.has(a.name + '>' + b.name)) + Number(closed.has(b.name + '>' + a.name))
    if (ways === 0 && boards.length > linksDrawnMax) continue
    const [x1, y1] = place.get(a.name), [x2, y2] = place.get(b.name)
    const isLong = ways === 0 && long.has(a.name + '>' + b.name)
    map.append(svg('line', { x1, y1, x2, y2, stroke: isLong ? 'var(--long)' : ways === 0 ? 'var(--line)' : ways === 1 ? 'var(--warn)' : 'var(--bad)',
      'stroke-dasharray': isLong ? '2 3' : ways === 0 ? '' : ways === 1 ? '12 6' : '3 5', 'stroke-width': ways === 0 ? 1 : 1.5, opacity: ways === 2 ? 0.6 : 0.9 }))
    // A cross on the middle of what is cut, so that it is seen without colours, too.
    if (ways > 0) map.append(svg('text', { x: (x1 + x2) / 2, y: (y1 + y2) / 2 + 4, 'text-anchor': 'middle', class: ways === 2 ? 'cross' : 'half' }, ways === 2 ? '×' : closed.has(a.name + '>' + b.name) === x1 < x2 ? '×→' : '←×'))
  }
  for (const board of boards) {
    const [x, y] = place.get(board.name), slots = running.get(board.name) ?? []
    const box = svg('rect', { x: x - 46, y: y - 17, width: 92, height: 34, rx: 7, fill: 'var(--box)', stroke: board.colour, 'stroke-width': 2 })
    map.append(box)
    if (down.has(board.name) || paused.has(board.name))
      map.append(svg('rect', { x: x - 46, y: y - 17, width: 92, height: 34, rx: 7, opacity: 0.45, fill: down.has(board.name) ? 'var(--bad)' : 'var(--warn)' }))
    map.append(svg('text', { x, y: y - (slots.length > 0 ? 3 : -4), 'text-anchor': 'middle' }, board.name.length > 13 ? board.name.slice(0, 12) + '…' : board.name))
    slots.slice(0, chipsMax).forEach((slot, k) => {
      const left = x - 42 + 17 * k, chip = svg('rect', { x: left, y: y + 1, width: 15, height: 13, rx: 2.5, fill: board.colour })
      chip.append(svg('title', {}, slot))
      map.append(chip, svg('text', { x: left + 7.5, y: y + 11, 'text-anchor': 'middle', class: 'chip' }, k === chipsMax - 1 && slots.length > chipsMax ? '…' : slot.slice(slot.lastIndexOf('/') + 1)))
    })
    const remarks = [...(down.has(board.name) ? [board.joinsMs > ms ? 'not there yet' : 'off'] : []), ...(paused.has(board.name) ? ['stands still'] : []),
      ...(uplinks.has(board.name) ? [uplinks.get(board.name)] : []), ...(nameless.has(board.name) ? ['no names'] : []),
      ...(full.has(board.name) ? [full.get(board.name)] : []), ...(wishes.get(board.name) ?? []), ...[...(lacking.get(board.name) ?? [])].map((image) => 'cannot have ' + image)]
    if (remarks.length > 0) map.append(svg('text', { x, y: y + 31, 'text-anchor': 'middle', class: 'dim' }, remarks.join(', ')))
  }
}

// ---- the lanes: one for each slot
const lanes = at('lanes'), left = 190, right = 1090, laneHeight = 28
lanes.setAttribute('viewBox', '0 0 1100 ' + (report.slots.length * laneHeight + 34))
const stripes = svg('pattern', { id: 'stripes', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' })
stripes.append(svg('rect', { width: 3, height: 6, fill: 'var(--bad)' }))
lanes.append(stripes)
const x = (ms) => left + (right - left) * ms / report.durationMs
for (const { event, text } of report.happenings) {
  const mark = svg('line', { x1: x(event.atMs), x2: x(event.atMs), y1: 0, y2: report.slots.length * laneHeight + 12, stroke: 'var(--dim)', 'stroke-dasharray': '2 4', opacity: 0.7 })
  mark.append(svg('title', {}, clock(event.atMs) + ' ' + text))
  lanes.append(mark)
}
report.slots.forEach((lane, row) => {
  const { copies, nobody, several } = lane, slot = label(lane), y = row * laneHeight + 4
  lanes.append(svg('text', { x: 0, y: y + 13 }, slot.length > 28 ? '…' + slot.slice(-27) : slot))
  const bar = (from, to, attributes, title) => {
    const made = svg('rect', { x: x(from), width: Math.max(1, x(to) - x(from)), y, height: laneHeight - 6, ...attributes })
    made.append(svg('title', {}, title + ', ' + clock(from) + ' to ' + clock(to)))
    lanes.append(made)
  }
  // Copies that overlap share the lane's height.
  const ends = []
  for (const copy of copies) {
    let level = ends.findIndex((end) => end <= copy.fromMs)
    if (level < 0) level = ends.push(0) - 1
    ends[level] = copy.toMs
    copy.level = level
  }
  const high = (laneHeight - 6) / Math.max(1, ends.length)
  for (const copy of copies) {
    const name = copy.board + (copy.version > 1 ? ', version ' + copy.version : ''), wide = x(copy.toMs) - x(copy.fromMs)
    bar(copy.fromMs, copy.toMs, { y: y + copy.level * high, height: high - 0.5, fill: boardOf.get(copy.board).colour, rx: 2 }, name + (copy.generation > 1 ? ', generation ' + copy.generation : ''))
    const shown = wide > 7 * name.length ? name : wide > 7 * copy.board.length ? copy.board : ''
    if (shown !== '' && high >= 9) lanes.append(svg('text', { x: x(copy.fromMs) + 4, y: y + copy.level * high + high / 2 + 3.5, class: 'chip' }, shown))
  }
  for (const [from, to] of nobody) bar(from, to, { fill: 'url(#stripes)', stroke: 'var(--bad)' }, 'nobody')
  for (const [from, to] of several) bar(from, to, { y: y + laneHeight - 6, height: 3, fill: 'var(--warn)' }, 'more than one')
})
for (let k = 0; k <= 6; k++) lanes.append(svg('text', { x: x(report.durationMs * k / 6), y: report.slots.length * laneHeight + 28, 'text-anchor': k === 0 ? 'start' : k === 6 ? 'end' : 'middle', class: 'dim' }, clock(report.durationMs * k / 6)))
const cursor = svg('line', { y1: 0, y2: report.slots.length * laneHeight + 12, stroke: 'var(--fg)', 'stroke-width': 1.5 })
lanes.append(cursor)

// ---- time
const slider = at('time')
slider.max = report.durationMs
let now = 0, playing = null
const moments = [...new Set([0, ...report.happenings.map(({ event }) => event.atMs), ...report.slots.flatMap(({ copies }) => copies.flatMap((c) => [c.fromMs, c.toMs])), report.durationMs])].sort((a, b) => a - b)
// ---- what happened, and how things stand, in words
const listed = (names) => names.length <= 3 ? names.join(', ') : names.slice(0, 2).join(', ') + ' and ' + (names.length - 2) + ' more'
const turns = report.slots.flatMap((lane) => lane.copies.flatMap((copy) => [
  { atMs: copy.fromMs, text: copy.board + ' starts ' + label(lane) + (copy.version > 1 ? ' at version ' + copy.version : '') + (copy.generation > 1 ? ' (generation ' + copy.generation + ')' : '') },
  ...(copy.toMs < report.durationMs ? [{ atMs: copy.toMs, text: copy.board + ' no longer runs ' + label(lane) }] : [])]))
const told = [...report.happenings.map(({ event, text }) => ({ atMs: event.atMs, text })), ...report.notes, ...turns,
  ...boards.filter(({ joinsMs }) => joinsMs > 0).map(({ name, joinsMs }) => ({ atMs: joinsMs, text: name + ' is switched on for the first time' }))].sort((a, b) => a.atMs - b.atMs)
const happenedAt = (ms) => {
  const last = told.filter(({ atMs }) => atMs <= ms).pop()
  if (last === undefined) return 'Nothing has happened yet.'
  const all = told.filter(({ atMs }) => atMs === last.atMs).map(({ text }) => text)
  return clock(last.atMs) + (last.atMs === ms ? ' ' : ' (' + s(ms - last.atMs) + ' ago) ') + listed(all) + '.'
}
const events = at('events')
const entries = told.map(({ atMs, text }) => {
  const entry = document.createElement('li'), time = document.createElement('b')
  time.textContent = clock(atMs)
  entry.append(time, ' ' + text)
  entry.onclick = () => { stop(); show(atMs) }
  return entry
})
events.append(...entries)
const within = (spans, ms) => spans.some(([from, to]) => from <= ms && ms < to)
const stateAt = (ms) => {
  const { closed, down } = worldAt(ms), parts = []
  const wanted = report.slots.filter((slot) => within(slot.wanted, ms))
  const nobody = wanted.filter((slot) => within(slot.nobody, ms)).map(label), several = report.slots.filter((slot) => within(slot.several, ms)).map(label)
  if (wanted.length > 0) parts.push(nobody.length + several.length === 0 ? 'Every wanted copy runs once' : nobody.length > 0 ? 'Nobody runs ' + listed(nobody) : 'No wanted copy is missing')
  if (several.length > 0) parts.push('more than one board runs ' + listed(several))
  if (down.size > 0) parts.push(listed([...down]) + (down.size === 1 ? ' is off' : ' are off'))
  if (closed.size > 0) parts.push(Math.ceil(closed.size / 2) + (closed.size > 2 ? ' links are cut' : ' link is cut'))
  return parts.length === 0 ? 'Nothing is wanted.' : parts.join('; ') + '.'
}
const show = (ms) => {
  now = Math.max(0, Math.min(report.durationMs, ms))
  slider.value = now
  at('clock').textContent = clock(now)
  cursor.setAttribute('x1', x(now)); cursor.setAttribute('x2', x(now))
  at('now').textContent = happenedAt(now)
  at('state').textContent = stateAt(now)
  entries.forEach((entry, k) => entry.classList.toggle('past', told[k].atMs <= now))
  drawMap(now)
}
const stop = () => { if (playing !== null) cancelAnimationFrame(playing); playing = null; at('play').textContent = '▶ play' }
const playFor = 30_000
const play = () => {
  if (playing !== null) return stop()
  if (now >= report.durationMs) now = 0
  at('play').textContent = '❚❚ pause'
  let before = performance.now()
  const frame = (time) => {
    show(now + (time - before) * report.durationMs / playFor)
    before = time
    if (now >= report.durationMs) return stop()
    playing = requestAnimationFrame(frame)
  }
  playing = requestAnimationFrame(frame)
}
const step = (way) => { stop(); const found = way > 0 ? moments.find((ms) => ms > now) : moments.findLast((ms) => ms < now); if (found !== undefined) show(found) }
slider.oninput = () => { stop(); show(Number(slider.value)) }
at('play').onclick = play
at('before').onclick = () => step(-1)
at('after').onclick = () => step(1)
lanes.onclick = (click) => { const box = lanes.getBoundingClientRect(); stop(); show((((click.clientX - box.left) / box.width * 1100) - left) / (right - left) * report.durationMs) }
document.onkeydown = (key) => {
  if (key.target === slider && key.key !== ' ') return
  if (key.key === 'ArrowLeft') step(-1); else if (key.key === 'ArrowRight') step(1); else if (key.key === ' ') play(); else if (key.key === 'Home') { stop(); show(0) } else if (key.key === 'End') { stop(); show(report.durationMs) } else return
  key.preventDefault()
}
show(0)
`
