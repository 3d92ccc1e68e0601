# Ends what a board's agent has left running: sourced by uninstall.sh, and put into the package's postrm, which runs when nothing else
# of shoal is there any more.

# end_cgroups TASK: all that is in the cgroups of a task (driver exec), whatever it calls itself, and the empty cgroups.
end_cgroups() {
  find /sys/fs/cgroup -depth -type d \( -name "$1" -o -path "*/$1/*" \) 2>/dev/null | while read -r cgroup; do
    { echo 0 >"$cgroup/pids.max"; } 2>/dev/null || true
    # It may be gone by now.
    { while read -r process; do kill -KILL "$process" || true; done <"$cgroup/cgroup.procs"; } 2>/dev/null || true
    # Those that were killed just now may take a moment to leave it: the second call removes it.
    rmdir "$cgroup" 2>/dev/null || true
  done
}

# end_tasks DATA: the tasks of the board whose data directory that is, and nobody else's (there may be other agents on this machine).
end_tasks() {
  for folder in "$1"/raw-exec/*/ "$1"/exec/*/; do
    [ -d "$folder" ] || continue
    task=$(basename "$folder")
    end_cgroups "$task"
    for process in /proc/[0-9]*; do
      grep -qzxF "SHOAL_TASK_ID=$task" "$process/environ" 2>/dev/null || continue
      kill -KILL "${process#/proc/}" 2>/dev/null || true
    done
    end_cgroups "$task"
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
