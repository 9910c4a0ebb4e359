import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

test('what a browser needs of interrupts and of displayText is a few small files without a word of Node', async () => {
  const entryPoint = fileURLToPath(new URL('../../../src/entrypoints/interrupts.ts', import.meta.url))
  const { metafile, outputFiles } = await build({
    entryPoints: [entryPoint],
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
  })
  expect(Object.keys(metafile.inputs)).toHaveLength(7)
  expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([])
  expect(outputFiles[0]?.contents.byteLength).toBeLessThan(5000)
})
