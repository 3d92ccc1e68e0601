// What runs around a task: three fixed texts for the board's shell. Nothing of a job is ever part of them: programs, arguments and folders are
// their arguments, and the environment comes in lines on standard input, once root's rights are gone. So no variable of a job (LD_PRELOAD,
// PATH …) is there while anything runs as root, none is written to disk, and none shows in `ps`.

import { supervising } from '../raw-exec/supervisor.ts'

/** What root's part of it is started with, and found by. */
export const rootPath = '/usr/sbin:/usr/bin:/sbin:/bin'

// The supervisor must not be what the kernel kills for want of memory: it could not tell the program's status any more. The agent's own
// place in that order (OOMScoreAdjust of its unit) is not for tasks. Some containers may not change it, which only makes words less exact.
const spared = '{ echo -500 >/proc/self/oom_score_adj; } 2>/dev/null'
const ordinary = '{ echo 0 >/proc/self/oom_score_adj; } 2>/dev/null'

/** Arguments: the task's own /tmp, then the rest of the chain. /tmp by now is the task's: that path may not lead to its folder any more. */
export const supervisor = supervising(`mount --bind "$1" /tmp && { [ ! -d /var/tmp ] || mount --bind /tmp /var/tmp; } || exit 125
shift
${spared}
( ${ordinary}; exec "$@" ) 3>&-`)

/** Arguments: the rest of the chain. It waits until it is in the task's cgroup. */
export const beside = `read -r go || exit 125
${ordinary}
exec "$@"`

/**
 * The last of the chain, as the task's user. Arguments: the folder to start in (empty: where it is), program, its arguments. Input: `=` begins
 * a variable, `+` is its next line, `!` and `?` end it, `.` ends all; without that nothing is started.
 */
export const asUser = `[ -z "$1" ] || cd -P "$1" || exit 125
shift
shoal_put= shoal_one= shoal_line= shoal_all=
while IFS= read -r shoal_line; do
  case $shoal_line in
    .) shoal_all=yes; break ;;
    '!') export "$shoal_one" ;;
    '?') shoal_put='/usr/bin/env --'; set -- "$shoal_one" "$@" ;;
    =*) shoal_one=\${shoal_line#=} ;;
    +*) shoal_one="$shoal_one
\${shoal_line#+}" ;;
  esac
done
[ -n "$shoal_all" ] || exit 125
set -- $shoal_put "$@"
unset shoal_put shoal_one shoal_line shoal_all OLDPWD
exec "$@" </dev/null`

// Names that a shell cannot set, or has uses of its own for: env(1) puts these, at the price of a moment in which they show in `ps`.
const shellsOwn = new Set(
  'EUID UID PPID GROUPS SHELLOPTS BASHOPTS OPTIND OPTERR IFS LINENO RANDOM SRANDOM SECONDS HISTCMD FUNCNAME DIRSTACK _ PWD OLDPWD'.split(
    ' ',
  ),
)

/** The environment as `asUser` reads it. */
export function environmentLines(env: Readonly<Record<string, string>>): string {
  const entries = Object.entries(env).map(([name, value]) => {
    const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !/^(shoal_|BASH)/.test(name) && !shellsOwn.has(name)
    return `=${`${name}=${value}`.replaceAll('\n', '\n+')}\n${isPlain ? '!' : '?'}\n`
  })
  return `${entries.join('')}.\n`
}
