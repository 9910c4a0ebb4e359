import { expect, test } from 'vitest'
import { floorsOf } from '../floors/floors-of.ts'
import { folderWith } from './fixture.ts'

const catalog = "packages: [x]\n\ncatalog:\n  # one place\n  '@scope/one': ^1.2.3\n  two: ~4.5.6\n\nother: true\n"
const repository = (devDependencies: Record<string, string>) =>
  folderWith({
    'pnpm-workspace.yaml': catalog,
    'packages/adapter/package.json': JSON.stringify({ devDependencies }),
  })

test('the oldest version of each range, from the catalog or the manifest; what is ours is linked', () => {
  const base = repository({
    '@scope/one': 'catalog:',
    two: 'catalog:',
    three: '^7.8.9',
    '@behalf/core': 'workspace:*',
    zod: 'catalog:',
  })
  expect(floorsOf('adapter', base)).toEqual({
    floors: { '@scope/one': '1.2.3', two: '4.5.6', three: '7.8.9' },
    linked: ['@behalf/core', 'zod'],
  })
})

test('a range without an oldest version is not guessed', () => {
  for (const range of ['catalog:', '>=1', '1.x']) {
    expect(() => floorsOf('adapter', repository({ four: range }))).toThrow('four')
  }
})

test('the adapters as they are', () => {
  expect(floorsOf('mastra').floors['@mastra/core']).toBe('1.67.0')
  expect(floorsOf('ai-sdk').floors.ai).toBe('7.0.82')
  expect(floorsOf('langchain').floors).toMatchObject({ '@langchain/core': '1.3.4', '@langchain/langgraph': '1.4.13' })
})
