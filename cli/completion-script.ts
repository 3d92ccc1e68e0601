// The three shells' completion scripts, from a table of command paths and the words that may follow them.

export const shells = ['bash', 'zsh', 'fish'] as const

export interface CommandWords {
  readonly path: readonly string[]
  readonly commands: readonly { readonly name: string; readonly about: string }[]
  readonly options: readonly { readonly name: string; readonly about: string; readonly takesValue: boolean }[]
  /** Its argument is a file. */
  readonly takesFile: boolean
}

export function completionScript(shell: (typeof shells)[number], words: readonly CommandWords[]): string {
  if (shell === 'fish') return fish(words)
  return shell === 'bash' ? bash(words) : zsh(words)
}

/** `case` arms: the path so far → what may come next. */
function arms(words: readonly CommandWords[], set: (names: string) => string): string {
  return words
    .map(
      ({ path, commands, options }) => `    "${path.join(' ')}") ${set([...commands, ...options].map((one) => one.name).join(' '))} ;;\n`,
    )
    .join('')
}

function paths(words: readonly CommandWords[]): string {
  return words
    .filter(({ path }) => path.length > 0)
    .map(({ path }) => `"${path.join(' ')}"`)
    .join('|')
}

function bash(words: readonly CommandWords[]): string {
  return `# bash completion of shoal; use: source <(shoal completion bash)
_shoal() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" next word names=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "$next" in
      ${paths(words)}) path="$next" ;;
    esac
  done
  case "$path" in
${arms(words, (names) => `names="${names}"`)}  esac
  COMPREPLY=($(compgen -W "$names" -- "$current"))
}
complete -o default -F _shoal shoal
`
}

function zsh(words: readonly CommandWords[]): string {
  return `#compdef shoal
# zsh completion of shoal; use: source <(shoal completion zsh)
_shoal() {
  local path_so_far="" next word names=""
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    next="\${path_so_far:+$path_so_far }$word"
    case "$next" in
      ${paths(words)}) path_so_far="$next" ;;
    esac
  done
  case "$path_so_far" in
${arms(words, (names) => `names="${names}"`)}  esac
  compadd -- \${=names}
  _files
}
compdef _shoal shoal
`
}

function fish(words: readonly CommandWords[]): string {
  const lines = words.flatMap(({ path, commands, options, takesFile }) => {
    const here = condition(
      path,
      commands.map((one) => one.name),
    )
    return [
      ...commands.map(({ name, about }) => `complete -c shoal -n '${here}' -f -a ${name} -d '${quoted(about)}'`),
      ...options.map(
        ({ name, about, takesValue }) =>
          `complete -c shoal -n '${here}' -l ${name.replace(/^--/, '')}${takesValue ? ' -r' : ''} -d '${quoted(about)}'`,
      ),
      ...(takesFile ? [`complete -c shoal -n '${here}' -F`] : []),
    ]
  })
  return `# fish completion of shoal; use: shoal completion fish | source\n${lines.join('\n')}\n`
}

function condition(path: readonly string[], next: readonly string[]): string {
  const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`)
  const unseen = next.length > 0 ? [`not __fish_seen_subcommand_from ${next.join(' ')}`] : []
  return [...seen, ...unseen].join('; and ') || 'true'
}

function quoted(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")
}
