import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

test.each(['browser', 'react'])('the entry point %s loads nothing of Node, the AI SDK or the guard', async (name) => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL(`../src/${name}.ts`, import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    // Refuses an import of Node.
    platform: 'browser',
    external: ['react'],
    logLevel: 'silent',
  })
  const files = Object.keys(metafile.inputs)
  expect(files.filter((file) => file.includes('node_modules'))).toEqual([])
  const core = files.flatMap((file) => /core\/src\/(.*)$/.exec(file)?.[1] ?? [])
  expect(core.filter((file) => file.startsWith('guard/'))).toEqual([
    'guard/interrupts/ag-ui.ts',
    'guard/interrupts/parse-interrupt.ts',
  ])
})
