// Every way in which a few boards may be connected, up to isomorphism with board 0 marked (the holder): which links are cut both ways,
// and which single board hears or is heard by whom no longer.

/** From a board to another, by number: one direction of a link that is cut. */
export type Arc = readonly [number, number]

export interface Cut {
  /** What stays open, or what one board lacks: in words. */
  readonly name: string
  readonly arcs: readonly Arc[]
}

/** Every graph of open links, the whole one (nothing is cut) left out. */
export function connectivityGraphs(nodes: number): Cut[] {
  const links = pairs(nodes)
  const orders = permutations(range(1, nodes)).map((rest) => [0, ...rest])
  const seen = new Set<string>()
  const found: Cut[] = []
  for (let mask = 0; mask < 2 ** links.length - 1; mask++) {
    const open = links.filter((_, i) => (mask >> i) % 2 === 1)
    const name = orders.map((order) => nameOf(open.map(([a, b]) => [order[a]!, order[b]!]))).toSorted()[0]!
    if (seen.has(name)) continue
    seen.add(name)
    const cut = links.filter((link) => !open.includes(link))
    found.push({
      name: `open ${name || 'nothing'}`,
      arcs: cut.flatMap(([a, b]): Arc[] => [
        [a, b],
        [b, a],
      ]),
    })
  }
  return found
}

/** One board (the holder, or another) that is deaf to, or not heard by, some of the others. */
export function oneWayCuts(nodes: number): Cut[] {
  const found: Cut[] = []
  for (const one of [0, 1]) {
    const others = range(0, nodes).filter((other) => other !== one)
    const seen = new Set<string>()
    for (let mask = 1; mask < 2 ** others.length; mask++) {
      const some = others.filter((_, i) => (mask >> i) % 2 === 1)
      // The others differ in nothing but whether they are the holder.
      const key = `${some.includes(0)} ${some.length}`
      if (seen.has(key)) continue
      seen.add(key)
      found.push({ name: `${one} deaf to ${some.join('')}`, arcs: some.map((other): Arc => [other, one]) })
      found.push({ name: `${one} unheard by ${some.join('')}`, arcs: some.map((other): Arc => [one, other]) })
    }
  }
  return found
}

/** The parts that links in both directions hold together, each in order. */
export function partsOf(nodes: number, cut: readonly Arc[]): number[][] {
  const closed = new Set(cut.map(([a, b]) => `${a}>${b}`))
  const part = range(0, nodes)
  for (let round = 0; round < nodes; round++) {
    for (const [a, b] of pairs(nodes)) {
      if (closed.has(`${a}>${b}`) || closed.has(`${b}>${a}`)) continue
      part[a] = part[b] = Math.min(part[a]!, part[b]!)
    }
  }
  return [...new Set(part)].map((least) => range(0, nodes).filter((node) => part[node] === least))
}

function nameOf(links: readonly Arc[]): string {
  return links
    .map(([a, b]) => `${Math.min(a, b)}${Math.max(a, b)}`)
    .toSorted()
    .join(' ')
}

function pairs(nodes: number): Arc[] {
  return range(0, nodes).flatMap((a) => range(a + 1, nodes).map((b): Arc => [a, b]))
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i)
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]]
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]))
}
