import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../gates/repository.ts'

/** The adapters whose frameworks are peers in a range, and change under us. */
export const adapters = ['ai-sdk', 'langchain', 'mastra'] as const

/** Comes from the repository in any case: no framework, or the same one for all sides. */
const isOurs = (name: string) =>
  name.startsWith('@behalf/') ||
  name.startsWith('@types/') ||
  ['msw', 'zod', '@modelcontextprotocol/server'].includes(name)

/** What a framework's oldest version wants beside it, where the one that we use elsewhere is too new for it. */
const companions: Readonly<Record<string, string>> = {
  // From 1.15.0 on it asks for a newer @mastra/core.
  '@mastra/libsql': '1.14.3',
}

export interface AdapterDependencies {
  /** Exact versions, from npm. */
  readonly floors: Readonly<Record<string, string>>
  /** Names of what is linked to the repository's own. */
  readonly linked: readonly string[]
}

/** What an adapter's tests stand on, each framework at the oldest version that the published range admits. */
export function floorsOf(adapter: string, base: string = root): AdapterDependencies {
  const manifest = JSON.parse(readFileSync(join(base, 'packages', adapter, 'package.json'), 'utf8')) as {
    readonly devDependencies: Readonly<Record<string, string>>
  }
  const catalog = catalogOf(base)
  const names = Object.keys(manifest.devDependencies)
  const floors = names
    .filter((name) => !isOurs(name))
    .map((name) => [name, companions[name] ?? floorOf(name, manifest.devDependencies[name] ?? '', catalog)] as const)
  return { floors: Object.fromEntries(floors), linked: names.filter(isOurs) }
}

/** The one place for every version: `'name': range` lines, two blanks in. */
function catalogOf(base: string): ReadonlyMap<string, string> {
  const [, catalog = ''] =
    /^catalog:\n((?: {2}.*\n)*)/m.exec(readFileSync(join(base, 'pnpm-workspace.yaml'), 'utf8')) ?? []
  return new Map(
    [...catalog.matchAll(/^ {2}'?([^\s':#]+)'?: (.+)$/gm)].map(([, name = '', range = '']) => [name, range]),
  )
}

function floorOf(name: string, range: string, catalog: ReadonlyMap<string, string>): string {
  const written = range === 'catalog:' ? catalog.get(name) : range
  const floor = /^[\^~]?(\d+\.\d+\.\d+)$/.exec(written ?? '')?.[1]
  if (floor === undefined) throw new Error(`${name}: no oldest version can be read from ${written ?? 'nothing'}`)
  return floor
}
