import type { Packed } from '../gates/packed-packages.ts'

/** Conditions under which the first program of a package's README runs. */
interface Staging {
  /** Packages that the runner needs in addition to those that the page installs. */
  readonly needs: readonly string[]
  /** A text of the reader's machine in the page, and its replacement. */
  readonly replaced?: readonly [string, string]
  /** Code appended to the program, if the runner needs an export that the page does not. */
  readonly appended?: string
}

const servers = ['@behalf/testing', 'msw']

/** One for each package; `programs/<package>.mjs` runs it, without a network. */
const stagings: Readonly<Record<string, Staging>> = {
  '@behalf/core': { needs: servers },
  '@behalf/ai-sdk': { needs: servers },
  '@behalf/langchain': { needs: [...servers, '@langchain/openai'] },
  '@behalf/mastra': { needs: servers },
  '@behalf/openai-agents': { needs: servers },
  '@behalf/claude-agent-sdk': { needs: servers },
  '@behalf/mcp': { needs: servers },
  '@behalf/fga-engine': { needs: [] },
  '@behalf/stores': { needs: [...servers, 'zod'], replaced: ['/var/lib/agent/behalf.db', 'behalf.db'] },
  '@behalf/testing': { needs: ['zod'], appended: 'export { target }' },
  '@behalf/sandbox': { needs: [], appended: 'export { identity }' },
}

/** @throws Error The package is new, and nothing says how its first program is run. */
export function stagingOf({ name }: Packed): Staging {
  const staging = stagings[name]
  if (staging === undefined)
    throw new Error(`${name}: say in scripts/consumers/first-programs.ts how to run its README`)
  return staging
}

/** Returns the program as it runs. */
export function staged(code: string, { replaced, appended = '' }: Staging): string {
  if (replaced !== undefined && !code.includes(replaced[0])) throw new Error(`the page no longer says ${replaced[0]}`)
  return `${replaced === undefined ? code : code.replace(...replaced)}\n${appended}\n`
}

/** Returns the optional peers of a package, at the newest version that it accepts. */
export const optionalPeers = ({ manifest }: Packed): string[] =>
  Object.entries(manifest.peerDependencies ?? {})
    .filter(([name]) => manifest.peerDependenciesMeta?.[name]?.optional === true)
    .map(([name, range]) => `${name}@${range}`)
