#!/bin/sh
# The `shoal` command. The agent lives for months on a small board, so it gets V8 and malloc settings that keep it small (measured
# by `npm run bench -- footprint`); everything else starts as fast as it can. SHOAL_NODE names another node binary.
here=$(dirname "$(readlink -f "$0")")
node=${SHOAL_NODE:-node}
if [ "$1" = agent ]; then
  # V8 and its compilers take memory by the 16 to 32 kB and give it back soon. From malloc's heap it would never go back to the
  # system: one compilation of a large wasm function leaves 20 MB behind. So it comes from mmap, which returns it at once. One
  # arena and few threads save 9 MB more, a small young generation and --optimize-for-size 15 MB. The heap's cap is far above
  # what a pool of a few hundred boards needs; reaching it ends the agent, never its tasks.
  export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-1}" MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-16384}"
  export MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-65536}" UV_THREADPOOL_SIZE="${UV_THREADPOOL_SIZE:-2}"
  exec "$node" --max-semi-space-size=1 --optimize-for-size --v8-pool-size=1 --max-old-space-size=256 "$here/shoal.mjs" "$@"
fi
exec "$node" "$here/shoal.mjs" "$@"
