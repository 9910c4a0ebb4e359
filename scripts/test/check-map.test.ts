import { expect, test } from 'vitest'
import { checkMap } from '../gates/check-map.ts'
import { folderWith } from './fixture.ts'

const map = (...paths: string[]) =>
  `# Contributing\n\n## The map\n\n${paths.map((path) => `| \`${path}\` |\n`).join('')}`
const tree = {
  'packages/core/package.json': '{}',
  'packages/core/src/guard/index.ts': '',
  'packages/mcp/package.json': '{}',
  'examples/agent/package.json': '{}',
}

test('the map names every room, package and example', () => {
  const base = folderWith({
    ...tree,
    'CONTRIBUTING.md': map('packages/core/src/guard', 'packages/mcp', 'examples/agent'),
  })
  expect(checkMap(base)).toEqual({ ok: true, output: '', note: '3 folders' })
})

test('the gate fails on a room that it does not name, and on one that is gone', () => {
  const base = folderWith({ ...tree, 'CONTRIBUTING.md': map('packages/core/src/gate', 'packages/mcp') })
  const { ok, output } = checkMap(base)
  expect(ok).toBe(false)
  expect(output.split('\n')).toEqual([
    'CONTRIBUTING.md does not say what packages/core/src/guard is',
    'CONTRIBUTING.md does not say what examples/agent is',
    'CONTRIBUTING.md tells of packages/core/src/gate, which is not there',
  ])
})
