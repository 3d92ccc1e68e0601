// The few words that the commands of this folder understand: `--name value`, and flags without a value. And how they end when nobody
// reads on, as in `npm run sim -- … | head`.

// 141 is what a shell says of a program that SIGPIPE ended.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 1))

/** Names without their dashes. */
export function readOptions(flags: readonly string[] = []): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  const words = process.argv.slice(2)
  for (let i = 0; i < words.length; i++) {
    const name = words[i]!
    if (!name.startsWith('--')) throw new Error(`${name}: every option begins with --`)
    const isFlag = flags.includes(name.slice(2))
    const value = isFlag ? 'yes' : words[++i]
    if (value === undefined) throw new Error(`${name} needs a value`)
    options.set(name.slice(2), value)
  }
  return options
}

/** `7` or `1..100`. */
export function readRange(text: string): readonly [from: number, to: number] {
  const [, first = '', last = first] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? []
  if (first === '' || Number(last) < Number(first)) throw new Error(`${text}: a seed, or a range such as 1..100`)
  return [Number(first), Number(last)]
}
