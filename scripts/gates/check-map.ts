import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Verdict, verdict } from './gate.ts'
import { files, root } from './repository.ts'

/** CONTRIBUTING's map names each room, package and example, and none that is gone. */
export function checkMap(base: string = root): Verdict {
  const contributing = readFileSync(join(base, 'CONTRIBUTING.md'), 'utf8')
  const [, map = ''] = contributing.split('## The map')
  const told = new Set([...map.matchAll(/`((?:packages|examples)\/[\w/-]+)`/g)].map(([, path]) => path ?? ''))
  const rooms = files(['packages/core/src/*/*.ts'], base).map((path) => dirname(path))
  const others = files(['packages/*/package.json', 'examples/*/package.json'], base)
    .map((path) => dirname(path))
    .filter((path) => path !== 'packages/core')
  const there = new Set([...rooms, ...others])
  const problems = [
    ...[...there].filter((path) => !told.has(path)).map((path) => `CONTRIBUTING.md does not say what ${path} is`),
    ...[...told]
      .filter((path) => !there.has(path))
      .map((path) => `CONTRIBUTING.md tells of ${path}, which is not there`),
    ...(rooms.length === 0 ? ['no room was found'] : []),
  ]
  return verdict(problems, `${there.size} folders`)
}
