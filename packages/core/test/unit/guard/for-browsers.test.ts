import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

test('what a browser needs of interrupts and of displayText is a few small files without a word of Node', async () => {
  const resolveDir = fileURLToPath(new URL('../../../src/entrypoints/', import.meta.url))
  // What a server needs for AG-UI is in the same entry point, and a bundler leaves it out.
  const contents = "export { displayText, parseInterrupt } from './interrupts.ts'"
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
  })
  expect(Object.keys(metafile.inputs)).toHaveLength(8)
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  expect(outputFiles[0]?.contents.byteLength).toBeLessThan(5000)
  expect(outputFiles[0]?.text).not.toContain('behalf:')
})
