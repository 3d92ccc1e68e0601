import { test } from 'node:test'
import assert from 'node:assert/strict'
import { AddressBook, dueAt } from '../../../../../node/core/dialling/address-book.ts'
import { type ChooseInput, chooseDials } from '../../../../../node/core/dialling/choose-dials.ts'
import { dialLimits } from '../../../../../node/core/dialling/limits.ts'

const middle = (): number => 0.5

function choose(book: AddressBook, over: Partial<ChooseInput> = {}): string[] {
  const usual = { need: 'hungry', now: 1000, places: 4, isConnected: () => false, chance: middle, bridge: false } as const
  const input: ChooseInput = { book, ...usual, ...over }
  return chooseDials(input).map((entry) => entry.address)
}

function fail(book: AddressBook, peer: string, times: number, now: number): void {
  for (const entry of book.entriesOf(peer)) for (let i = 0; i < times; i++) book.tried(entry, now, 0.5)
}

test('an address is tried at once, then after pauses that double up to a limit, for ever', () => {
  const book = new AddressBook()
  book.addBootstrap('/b', undefined)
  const [entry] = [...book.entries()]
  assert.equal(dueAt(entry!, 'satisfied'), Number.NEGATIVE_INFINITY)
  const pauses: number[] = []
  for (let i = 0; i < 40; i++) {
    book.tried(entry!, 1000, 0.5)
    pauses.push(dueAt(entry!, 'satisfied') - 1000)
  }
  assert.deepEqual(pauses.slice(0, 4), [2000, 4000, 8000, 16000])
  assert.deepEqual([pauses[20], pauses[39]], [dialLimits.backoffMsMax, dialLimits.backoffMsMax])
})

test('a board with too few peers shortens every pause, whatever was counted before', () => {
  const book = new AddressBook()
  book.remember('p', ['/p/1'], true)
  fail(book, 'p', 12, 0)
  const [entry] = book.entriesOf('p')
  assert.equal(dueAt(entry!, 'satisfied'), 300_000)
  assert.equal(dueAt(entry!, 'modest'), 60_000)
  assert.equal(dueAt(entry!, 'hungry'), 10_000)
  assert.equal(dueAt(entry!, 'isolated'), 5_000)
})

test('pauses are stretched by chance, at most by the jitter', () => {
  const book = new AddressBook()
  book.addBootstrap('/b', undefined)
  const [entry] = [...book.entries()]
  book.tried(entry!, 0, 0)
  assert.equal(dueAt(entry!, 'hungry'), 1600)
  book.tried(entry!, 0, 1)
  assert.equal(dueAt(entry!, 'hungry'), 4800)
})

test('wanted and lost peers come first, but a place is kept for the others', () => {
  const book = new AddressBook()
  for (let i = 0; i < 10; i++) book.remember(`w${i}`, [`/w${i}`], true)
  book.addBootstrap('/boot', undefined)
  book.remember('other', ['/other'], false)
  const chosen = choose(book, { need: 'isolated' })
  assert.equal(chosen.length, 4)
  assert.equal(chosen.filter((address) => address.startsWith('/w')).length, 3)
})

test('a board that has peers adds new ones slowly, and lost ones as fast as there are places', () => {
  const book = new AddressBook()
  for (let i = 0; i < 10; i++) book.remember(`w${i}`, [`/w${i}`], true)
  assert.equal(choose(book, { need: 'hungry' }).length, dialLimits.hungryDials)
  assert.equal(choose(book, { need: 'modest' }).length, dialLimits.modestDials)
  for (let i = 0; i < 4; i++) book.lost(`w${i}`)
  assert.deepEqual(choose(book, { need: 'modest' }).sort(), ['/w0', '/w1', '/w2', '/w3'])
})

test('one address of a peer in a cycle, the longest untried first', () => {
  const book = new AddressBook()
  book.remember('p', ['/p/1', '/p/2'], true)
  assert.equal(choose(book).length, 1)
  book.tried(book.entriesOf('p')[0]!, -100_000, 0.5)
  assert.deepEqual(choose(book), ['/p/2'])
})

test('a satisfied board dials only the peers it lost, and one more when it bridges', () => {
  const book = new AddressBook()
  book.remember('wanted', ['/wanted'], true)
  book.remember('lost', ['/lost'], true)
  book.lost('lost')
  assert.deepEqual(choose(book, { need: 'satisfied' }), ['/lost'])
  assert.deepEqual(choose(book, { need: 'satisfied', bridge: true }).sort(), ['/lost', '/wanted'])
  book.reached('lost')
  assert.deepEqual(choose(book, { need: 'satisfied' }), [])
})

test('connected peers are not dialled; a bootstrap entry learns who it is', () => {
  const book = new AddressBook()
  book.addBootstrap('/boot', undefined)
  const isConnected = (peer: string): boolean => peer === 'me'
  assert.deepEqual(choose(book, { isConnected }), ['/boot'])
  book.identified([...book.entries()][0]!, 'me')
  assert.deepEqual(choose(book, { isConnected }), [])
})

test('an entry that is dropped while it is dialled is not indexed again', () => {
  const book = new AddressBook()
  book.found('gone', ['/gone'])
  const [entry] = book.entriesOf('gone')
  book.forget('gone')
  book.identified(entry!, 'other')
  assert.deepEqual(book.entriesOf('other'), [])
  book.reached('other')
})

test('when one peer is back after failures, all the others are tried soon', () => {
  const book = new AddressBook()
  for (const peer of ['a', 'b', 'c']) {
    book.remember(peer, [`/${peer}`], true)
    fail(book, peer, 8, 0)
  }
  assert.ok(dueAt(book.entriesOf('b')[0]!, 'satisfied') > 200_000)
  assert.equal(book.reached('a'), true)
  assert.equal(book.reached('a'), false, 'only once')
  assert.equal(dueAt(book.entriesOf('b')[0]!, 'satisfied'), dialLimits.backoffMsMin)
})

test('a satisfied board pauses less for a peer that it lost', () => {
  const book = new AddressBook()
  book.remember('a', ['/a'], true)
  fail(book, 'a', 20, 0)
  const [entry] = book.entriesOf('a')
  assert.equal(dueAt(entry!, 'satisfied'), dialLimits.backoffMsMax)
  assert.equal(dueAt(entry!, 'satisfied', true), dialLimits.backoffLostMsMax)
  book.lost('a')
  assert.deepEqual(choose(book, { need: 'satisfied', now: dialLimits.backoffLostMsMax }), ['/a'])
})

test('remembering replaces, forgetting removes, bootstrap entries stay', () => {
  const book = new AddressBook()
  book.addBootstrap('/boot/p2p/p', 'p')
  book.remember('p', ['/old', '/boot/p2p/p'], true)
  book.remember('p', ['/new'], true)
  assert.deepEqual(
    book
      .entriesOf('p')
      .map((entry) => entry.address)
      .sort(),
    ['/boot/p2p/p', '/new'],
  )
  book.forget('p')
  assert.deepEqual(
    book.entriesOf('p').map((entry) => entry.address),
    ['/boot/p2p/p'],
  )
  assert.equal(book.isWanted('p'), false)
})

test('what strangers make us find is bounded', () => {
  const book = new AddressBook()
  for (let peer = 0; peer < 1000; peer++)
    book.found(
      `p${peer}`,
      Array.from({ length: 50 }, (_, i) => `/p${peer}/${i}`),
    )
  for (let i = 0; i < 50; i++) book.found('p999', [`/p999/more/${i}`])
  for (let peer = 0; peer < 1000; peer++) book.lost(`p${peer}`)
  assert.ok(book.size <= dialLimits.foundPeersMax * dialLimits.addressesPerPeerMax, `${book.size}`)
  assert.equal([...Array(1000).keys()].filter((peer) => book.isLost(`p${peer}`)).length, dialLimits.lostPeersMax)
})

test('what the bootstrap list names no more is dropped, unless it worked or a document names it', () => {
  const book = new AddressBook({ workedMax: 2 })
  const listed = ['/gone', '/worked', '/said']
  book.setBootstrap(new Map(listed.map((address) => [address, undefined])))
  book.worked('/worked', 'w')
  book.remember('s', ['/said'], true)
  book.setBootstrap(new Map([['/new', undefined]]))
  assert.deepEqual([...book.entries()].map(({ address }) => address).sort(), ['/new', '/said', '/worked'])
  book.setBootstrap(new Map())
  book.remember('s', [], true)
  assert.deepEqual(
    [...book.entries()].map(({ address }) => address),
    ['/worked'],
  )
})

test('of the addresses that worked so many are kept, the latest; who is no member keeps none', () => {
  const book = new AddressBook({ workedMax: 2 })
  assert.deepEqual(
    ['/a', '/b', '/a', '/c'].map((address) => book.worked(address, address.slice(1))),
    [true, true, false, true],
  )
  assert.deepEqual(book.workedAddresses(), [
    { address: '/a', peer: 'a' },
    { address: '/c', peer: 'c' },
  ])
  assert.deepEqual(choose(book).sort(), ['/a', '/c'])
  book.forget('a')
  assert.deepEqual(choose(book), ['/c'])
  const none = new AddressBook()
  assert.deepEqual([none.worked('/a', 'a'), none.size], [false, 0])
})

test('over a relay only a board that has hardly anybody dials, and whom it cannot dial otherwise', () => {
  const book = new AddressBook()
  const relayed = '/ip4/192.0.2.1/tcp/1/p2p/r/p2p-circuit/p2p/w'
  book.remember('w', ['/w', relayed], true)
  assert.deepEqual(choose(book), ['/w'])
  book.tried(book.entriesOf('w')[0]!, 900, 0.5)
  assert.deepEqual(choose(book), [relayed])
  assert.deepEqual(choose(book, { need: 'modest' }), [])
  book.lost('w')
  assert.deepEqual(choose(book, { need: 'satisfied', bridge: true }), [])
  assert.deepEqual(choose(book, { need: 'isolated' }), [relayed])
})
