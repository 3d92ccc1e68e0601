// The few words that the commands of this folder understand: `--name value`, and flags without a value. And how they end when nobody
// reads on, as in `npm run sim -- … | head`.

// 141 is what a shell says of a program that SIGPIPE ended.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 141 : 1))

/**
 * `known`: how `--help` names each option (`seeds RANGE` takes a value, `verbose` is a flag) → what it is. Names of the answer are without
 * their dashes. A word that nobody knows ends the process: a run of other seeds than those that were asked for looks like an answer.
 */
export function readOptions(known: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  const takes = new Map(Object.keys(known).map((form) => [form.split(' ')[0]!, form.includes(' ')] as const))
  const options = new Map<string, string>()
  const words = process.argv.slice(2)
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    if (word === '--help' || word === '-h') return help(known)
    const name = word.replace(/^--/, '')
    if (!word.startsWith('--')) return refuse(`'${word}': every option begins with --`)
    const takesValue = takes.get(name)
    if (takesValue === undefined) return refuse(`no option is called --${name}${suggestion(name, [...takes.keys()])}`)
    const value = takesValue ? words[++i] : 'yes'
    if (value === undefined) return refuse(`--${name} needs a value`)
    options.set(name, value)
  }
  return options
}

/** `7` or `1..100`. */
export function readRange(text: string): readonly [from: number, to: number] {
  const [, first = '', last = first] = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(text) ?? []
  if (first === '' || Number(last) < Number(first)) return refuse(`'${text}': a seed, or a range such as 1..100`)
  return [Number(first), Number(last)]
}

function help(known: Readonly<Record<string, string>>): never {
  const width = Math.max(...Object.keys(known).map((form) => form.length))
  for (const [form, what] of Object.entries(known)) console.log(`  --${form.padEnd(width)}  ${what}`)
  process.exit(0)
}

export function refuse(what: string): never {
  console.error(`error: ${what}; --help lists all options`)
  process.exit(2)
}

/** A word that is further away than two letters was not meant. */
const lettersOffMax = 2

function suggestion(word: string, names: readonly string[]): string {
  const [best] = names.map((name) => ({ name, off: lettersOff(word, name) })).toSorted((a, b) => a.off - b.off)
  return best === undefined || best.off > lettersOffMax ? '' : ` (did you mean --${best.name}?)`
}

/** Letters to add, take away or replace. */
function lettersOff(a: string, b: string): number {
  let before = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let row = 0; row < a.length; row++) {
    const next = [row + 1]
    for (let at = 0; at < b.length; at++) next.push(Math.min(next[at]! + 1, before[at + 1]! + 1, before[at]! + Number(b[at] !== a[row])))
    before = next
  }
  return before[b.length]!
}
