import { describe, expect, test } from 'vitest'
import { checkSnippets, snippetsIn } from '../gates/check-snippets.ts'
import { folderWith } from './fixture.ts'

const page = (...lines: string[]) => lines.join('\n')

describe('snippetsIn', () => {
  test('keeps every line at its number in the page', () => {
    const { modules } = snippetsIn(page('# A', '', '```ts', 'const a = 1', '```', 'text'))
    expect(modules).toEqual([{ line: 3, code: page('', '', '', 'const a = 1', '', '') }])
  })

  test('makes each fence a module of its own, unless it continues', () => {
    const { modules } = snippetsIn(
      page('```ts', 'const a = 1', '```', '```ts', 'const b = 2', '```', '<!-- continues -->', '```ts', 'b', '```'),
    )
    expect(modules.map(({ code }) => code.split('\n').filter(Boolean))).toEqual([
      ['const a = 1'],
      ['const b = 2'],
      ['const b = 2', 'b'],
    ])
  })

  test('puts a prelude before each later snippet, until an empty one', () => {
    const { modules } = snippetsIn(
      page(
        '<!-- prelude',
        'const a = 1',
        '-->',
        '```ts',
        'a',
        '```',
        '```ts',
        'a + 1',
        '```',
        '<!-- prelude -->',
        '```ts',
        'c',
        '```',
      ),
    )
    expect(modules.map(({ code }) => code.split('\n').filter(Boolean))).toEqual([
      ['const a = 1', 'a'],
      ['const a = 1', 'a + 1'],
      ['c'],
    ])
  })

  test('takes no mark inside a fence for its own', () => {
    const { modules } = snippetsIn(page('```md', '<!-- continues -->', '```', '```ts', 'a', '```'))
    expect(modules).toHaveLength(1)
  })

  test.for<[what: string, lines: string[], line: number, reason: string]>([
    ['a mark', ['```ts no-check', 'a', '```'], 1, 'a snippet takes no mark'],
    ['a silenced compiler', ['', '```ts', '// @ts-nocheck', '```'], 2, 'may not turn the compiler off'],
    ['a silenced line', ['```ts', '// @ts-ignore', 'a', '```'], 1, 'may not turn the compiler off'],
    ['an unchecked response', ['```ts', '(await access.a.fetch(API)).json()', '```'], 1, 'check that it is `ok`'],
    ['JavaScript', ['```js', 'a', '```'], 1, 'write it as `ts`'],
    ['an open fence', ['```ts', 'a'], 1, 'never closed'],
  ])('refuses %s', ([, lines, line, reason]) => {
    expect(snippetsIn(page(...lines)).refused).toEqual([{ line, reason: expect.stringContaining(reason) }])
  })
})

test('an error of the compiler points into the page, and the package that is documented is found', async () => {
  const base = folderWith({
    'README.md': page(
      '# A',
      '```ts',
      "import type { Outcome } from '@behalf/core'",
      'export const a: Outcome<1> = 1',
      '```',
    ),
    'docs/guide.md': page('```ts', 'export const fine: number = 1', '```'),
  })
  const { ok, output } = await checkSnippets(base)
  expect(ok).toBe(false)
  expect(output).toMatch(/^README\.md:4:14: error TS2322/)
  expect(output).not.toContain('guide.md')
})
