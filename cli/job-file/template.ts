// The job files that `job init` writes: as short as a job can be, with comments on what is usually added next.

const tasks = {
  raw_exec: `        driver: raw_exec # a plain process on the board
        config:
          command: /bin/sh
          args: ["-c", "while true; do date; sleep 10; done"]
`,
  docker: `        driver: docker
        config:
          image: nginx:1.29
`,
} as const

export function jobTemplate(name: string, driver: keyof typeof tasks): string {
  return `# A job for shoal. Check it with \`shoal job validate\`, see what it would do with \`shoal job plan\`, start it with
# \`shoal job run\`. What is left out has its default; examples/every-block.yaml shows everything.
job: ${name}

groups:
  main:
    count: 1 # copies, each on the best node for it
    # constraints: [{ attribute: "\${attr.cpu.arch}", value: arm64 }]
    # network: { ports: { http: { static: 8080 } } }
    # disconnect: { replace_after: 60s } # how long a silent board is waited for
    tasks:
      app:
${tasks[driver]}        resources: { cpu: 100 MHz, memory: 64 MiB }
        # env: { GREETING: hello }
`
}
