// The scenario that `sim init` writes: every kind of entry once, as a comment where it is not played.

export const scenarioJob = `job: web

groups:
  main:
    count: 2
    disconnect: { replace_after: 30s }
    tasks:
      app:
        driver: raw_exec
        config: { command: /bin/sleep, args: ["infinity"] }
        resources: { cpu: 100 MHz, memory: 64 MiB }
`

export function scenarioTemplate(jobFile: string): string {
  return `# What happens to these jobs on these boards if that link goes? Play it with \`shoal sim run\`: the code of the boards runs in
# virtual time, so an hour takes seconds and nothing real is touched.
scenario: two sites, and the line between them is cut for three minutes
duration: 8m

boards:
  - { name: "north-{1..3}", labels: { site: north } }
  - { name: "south-{1..2}", labels: { site: south } }
  # Also: pool, attributes: { cpu.arch: arm64 }, cpu: 1200 MHz, memory: 1 GiB, disk: 8 GiB, drivers: [raw_exec]; bandwidth: 64 kbit/s;
  # joins: 5m (switched on for the first time); id: 12D3KooW… (of a real board, so that ties are broken as they are there)

links: { delay: 20ms, loss: 1 } # one way; percent of gossip that is lost

jobs: # handed in at 0:00, when all boards know one another; or at: 30s; or running by then: placed: { main/0: north-2, main/1: south-1 }
  - { file: ${jobFile}, via: north-1 }

timeline: # boards are named: north-1, north-*, site=north, all, or a list; in cuts also others
  - { at: 1m, cut: [site=north, site=south] } # one_way: true lets answers through, but no questions
  - { at: 4m, heal: all }
  - { at: 5m, power_cut: south-1 }
  - { at: 6m, power_on: south-1 }
  # - { at: 2m, flap: [north-1, others], every: 3s, for: 1m }
  # - { at: 2m, kill: north-2 } # the agent; its tasks go on. Then start: north-2
  # - { at: 2m, pause: north-2, for: 20s }
  # - { at: 2m, crash: web, on: north-1 }
  # - { at: 2m, image_missing: "nginx:2", on: site=south } # then image_found
  # - { at: 2m, uplink: south-1, bandwidth: 8 kbit/s } # a thin line; without bandwidth: wide again
  # - { at: 2m, line: [site=north, site=south], delay: 2s, loss: 20 } # more delay each way, percent lost; without both: as before
  # - { at: 2m, dns: broken, on: south-1 } # also wrong, hangs, works: bootstrap entries by name cannot be used
  # - { at: 2m, new_address: south-1 }
  # - { at: 2m, disk_full: south-2 } # also disk_read_only, disk_broken; then disk_free
  # - { at: 2m, run: web-v2.yaml, via: south-1 } # also stop: web, remove: web
  # - { at: 2m, drain: north-3 } # then undrain
  # - { at: 2m, ineligible: north-3 } # then eligible; also evict, unevict
  # - { at: 2m, scale: web/main, count: 4 }
  # - { at: 2m, stop_copy: web/main/0 } # placed anew
`
}
