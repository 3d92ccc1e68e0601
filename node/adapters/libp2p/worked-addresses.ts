// Addresses that led to boards, kept for the next process: a board whose bootstrap list is out of date finds its fleet by them. A cache in a
// file of its own; what a power cut or a full disk loses of it costs nothing that the list or the documents do not know.

import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { peerInAddress, toMultiaddr, withPeer } from './addresses.ts'
import { type NetworkLog, wordsOf } from './log.ts'

export interface WorkedAddress {
  readonly address: string
  readonly peer: string
}

export interface WorkedAddresses {
  /** The one that worked longest ago first. */
  read(): readonly WorkedAddress[]
  write(addresses: readonly WorkedAddress[]): void
}

export const noWorkedAddresses: WorkedAddresses = { read: () => [], write: () => undefined }

/** Written only when an address is new: boards that stay where they are do not wear out the card. */
export function workedAddressesIn(file: string, log: NetworkLog): WorkedAddresses {
  let last = Promise.resolve()
  const save = async (text: string): Promise<void> => {
    await writeFile(`${file}.new`, text, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
  return {
    read: () => parse(textIn(file)),
    write: (addresses) => {
      // A listed address may stand there without its peer and, from an earlier process, with it.
      const lines = new Set(addresses.map(({ address, peer }) => withPeer(address, peer)))
      const text = `${[...lines].join('\n')}\n`
      last = last
        .then(async () => await save(text))
        .catch((error: unknown) => log.warn({ file, error: wordsOf(error) }, 'addresses that worked are not kept'))
    },
  }
}

function textIn(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // a board's first start
  }
}

/** What is no address is passed over: the file may be torn, or a newer agent's. */
function parse(text: string): WorkedAddress[] {
  return text.split('\n').flatMap((line) => {
    const address = toMultiaddr(line)
    const peer = address === null ? undefined : peerInAddress(address)
    return address === null || peer === undefined ? [] : [{ address, peer }]
  })
}
