import { expect, test } from 'vitest'
import { lookInside } from '../gates/check-packed.ts'
import { folderWith } from './fixture.ts'

const files = { 'README.md': '', LICENSE: '', 'dist/index.js': '', 'dist/index.d.ts': '', 'package.json': '' }
const look = (manifest: object, without: string[] = []) =>
  lookInside({
    name: '@behalf/core',
    tarball: '',
    folder: folderWith(Object.fromEntries(Object.entries(files).filter(([path]) => !without.includes(path)))),
    manifest: { name: '@behalf/core', version: '1.0.0', exports, ...manifest },
  })
const exports = { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' }

test('a tarball as it should be', () => {
  expect(look({ dependencies: { jose: '^6.0.0' } })).toEqual([])
})

test('a tarball that npm made, whose exports lead to the sources', () => {
  expect(look({ exports: { '.': './src/index.ts' } })).toEqual([
    '@behalf/core: exports lead to ./src/index.ts, not to dist',
    '@behalf/core: exports lead to ./src/index.ts, which is not in the tarball',
  ])
})

test('a tarball that was not built, or lacks its papers', () => {
  expect(look({}, ['dist/index.js', 'LICENSE'])).toEqual([
    '@behalf/core: exports lead to ./dist/index.js, which is not in the tarball',
    '@behalf/core: the tarball has no LICENSE',
  ])
})

test('a range that only the workspace understands', () => {
  expect(look({ dependencies: { jose: 'catalog:' }, peerDependencies: { '@behalf/x': 'workspace:^' } })).toEqual([
    '@behalf/core: jose is catalog: in the tarball',
    '@behalf/core: @behalf/x is workspace:^ in the tarball',
  ])
})
