// Which texts of a task may hold `${…}`: one list for those who fill them in and for those who check what is named there. The names of
// fields are the job file's.

import type { CheckSpec, TaskConfig } from './spec.ts'

/** Given a text and the path of its field; gives what is to stand there. */
export type EachText = (text: string, path: string) => string

export function mapConfig(config: TaskConfig, each: EachText): TaskConfig {
  const { image, command, entrypoint, workDir, user } = config
  return {
    ...config,
    ...(image === undefined ? {} : { image: each(image, 'image') }),
    ...(command === undefined ? {} : { command: each(command, 'command') }),
    ...(entrypoint === undefined ? {} : { entrypoint: mapList(entrypoint, 'entrypoint', each) }),
    args: mapList(config.args, 'args', each),
    ...(workDir === undefined ? {} : { workDir: each(workDir, 'work_dir') }),
    ...(user === undefined ? {} : { user: each(user, 'user') }),
    volumes: mapList(config.volumes, 'volumes', each),
  }
}

export function mapCheck(check: CheckSpec, each: EachText): CheckSpec {
  const { path, headers, body, command } = check
  return {
    ...check,
    ...(path === undefined ? {} : { path: each(path, 'path') }),
    headers: mapEntries(headers, 'header', each),
    ...(body === undefined ? {} : { body: each(body, 'body') }),
    ...(command === undefined ? {} : { command: each(command, 'command') }),
    args: mapList(check.args, 'args', each),
  }
}

/** Values only: a key is never filled in. */
export function mapEntries(entries: Readonly<Record<string, string>>, at: string, each: EachText): Record<string, string> {
  return Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, each(value, `${at}/${key}`)]))
}

function mapList(texts: readonly string[], at: string, each: EachText): readonly string[] {
  return texts.map((text, index) => each(text, `${at}/${index}`))
}
