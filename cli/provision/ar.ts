// An archive of ar(1), as Debian packages are: a header of 60 bytes before each member, members at even places.

interface Member {
  readonly name: string
  readonly bytes: Uint8Array
}

/** `madeAt`: seconds since 1970. */
export function ar(members: readonly Member[], madeAt: number): Uint8Array {
  const parts = members.flatMap(({ name, bytes }) => {
    const fields = [
      name.padEnd(16),
      String(madeAt).padEnd(12),
      '0'.padEnd(6),
      '0'.padEnd(6),
      '100644'.padEnd(8),
      String(bytes.length).padEnd(10),
    ]
    return [Buffer.from(`${fields.join('')}\`\n`), bytes, Buffer.from(bytes.length % 2 === 0 ? '' : '\n')]
  })
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts])
}
