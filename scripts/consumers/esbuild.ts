import { createRequire } from 'node:module'

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<unknown>
  transform(code: string, options: Readonly<Record<string, unknown>>): Promise<{ readonly code: string }>
}

const require = createRequire(import.meta.url)

/** The one that tsup brings. */
export const esbuild: Esbuild = createRequire(require.resolve('tsup'))('esbuild')
