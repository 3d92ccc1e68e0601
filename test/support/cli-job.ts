// A small job file for tests of commands.

export interface JobFileLike {
  readonly pool?: string
  readonly priority?: number
  readonly count?: number
  readonly args?: readonly string[]
}

export function jobText({ pool, priority, count, args = [] }: JobFileLike): string {
  return `job: hello
${pool === undefined ? '' : `pool: ${pool}\n`}${priority === undefined ? '' : `priority: ${priority}\n`}groups:
  main:
${count === undefined ? '' : `    count: ${count}\n`}    tasks:
      app: { driver: raw_exec, config: { command: /bin/true, args: ${JSON.stringify(args)} } }
`
}
