# Ends what a board's agent has left running: sourced by uninstall.sh, and put into the package's postrm, which runs when nothing else
# of shoal is there any more.

# end_tasks DATA: the tasks of the board whose data directory that is, and nobody else's (there may be other agents on this machine).
end_tasks() {
  for folder in "$1"/raw-exec/*/; do
    [ -d "$folder" ] || continue
    marker="SHOAL_TASK_ID=$(basename "$folder")"
    for process in /proc/[0-9]*; do
      grep -qzxF "$marker" "$process/environ" 2>/dev/null || continue
      kill -KILL "${process#/proc/}" 2>/dev/null || true
    done
  done
  command -v docker >/dev/null 2>&1 || return 0
  # The agent writes it at every start; without it nobody knows which containers are this board's.
  node=$(cat "$1/node.id" 2>/dev/null) || return 0
  [ -n "$node" ] || return 0
  containers=$(docker ps --all --quiet --filter "label=shoal.node=$node" 2>/dev/null) || return 0
  # One argument for each.
  # shellcheck disable=SC2086
  [ -z "$containers" ] || docker rm --force $containers >/dev/null || true
}
