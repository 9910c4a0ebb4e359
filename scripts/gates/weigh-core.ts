import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { esbuild } from './esbuild.ts'
import { root } from './repository.ts'

const core = join(root, 'packages', 'core')
const libraries = ['jose', 'openid-client', 'p-retry', 'lru-cache', 'zod']

/** Bytes of core's root entry, minified and compressed with gzip. */
export interface Weight {
  readonly own: number
  readonly withDependencies: number
  /** Bytes that a process has loaded before its first call. The first call that needs the rest loads it. */
  readonly beforeFirstCall: number
}

/** Weighs core, which must be built. */
export async function weighCore(): Promise<Weight> {
  const own = await bundle('src/index.ts', { external: libraries.flatMap((name) => [name, `${name}/*`]) })
  const all = await bundle('dist/index.js', {})
  const split = await bundle('dist/index.js', { splitting: true })
  return { own: own.bytes(), withDependencies: all.bytes(), beforeFirstCall: split.bytes(split.loadedAtImport()) }
}

async function bundle(
  entry: string,
  { external = [], splitting = false }: { external?: string[]; splitting?: boolean },
) {
  const { outputFiles, metafile } = await esbuild.build({
    stdin: { contents: `export * from './${entry}'`, resolveDir: core },
    absWorkingDir: core,
    outdir: core,
    write: false,
    metafile: true,
    logLevel: 'silent',
    bundle: true,
    minify: true,
    splitting,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    external: ['node:*', ...external],
  })
  const outputs = metafile.outputs
  const names = Object.keys(outputs)
  const sizeOf = (name: string) => {
    const file = outputFiles.find(({ path }) => path === join(core, name))
    if (file === undefined) throw new Error(`esbuild names ${name} and did not make it`)
    return gzipSync(file.text, { level: 9 }).length
  }
  return {
    bytes: (which: readonly string[] = names) => which.reduce((sum, name) => sum + sizeOf(name), 0),
    /** Returns the entry's file and its static imports, without later ones. */
    loadedAtImport() {
      const found = new Set(names.filter((name) => outputs[name]?.entryPoint === '<stdin>'))
      for (const name of found)
        for (const { path, kind } of outputs[name]?.imports ?? [])
          if (kind === 'import-statement' && outputs[path] !== undefined) found.add(path)
      return [...found]
    },
  }
}
