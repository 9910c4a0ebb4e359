import { createRequire } from 'node:module'

/** Data about a bundled file. */
export interface Output {
  readonly entryPoint?: string
  readonly imports: readonly { readonly path: string; readonly kind: string }[]
}

interface Esbuild {
  build(options: Readonly<Record<string, unknown>>): Promise<{
    readonly outputFiles: readonly { readonly path: string; readonly text: string }[]
    readonly metafile: { readonly outputs: Readonly<Record<string, Output>> }
  }>
  transform(code: string, options: Readonly<Record<string, unknown>>): Promise<{ readonly code: string }>
}

const require = createRequire(import.meta.url)

/** The esbuild that tsup depends on. */
export const esbuild: Esbuild = createRequire(require.resolve('tsup'))('esbuild')
