import { expect, test } from 'vitest'
import { anchorsOf, checkLinks, linksIn } from '../gates/check-links.ts'
import { folderWith } from './fixture.ts'

test('links to files and headings that are there', () => {
  const base = folderWith({
    'README.md': '# Hello\n[a](docs/a.md), [b](docs/a.md#the-way), [c](#hello), [d](https://x.example/), [e](docs)\n',
    'docs/a.md': '## The way\n[back](../README.md)\n',
  })
  expect(checkLinks(base)).toEqual({ ok: true, output: '', note: '5 links' })
})

test('links that lead nowhere are told with their lines', () => {
  const base = folderWith({
    'README.md': '# Hello\n\n[a](docs/gone.md)\n[b](docs/a.md#gone)\n[out](../../etc/passwd)\n\n[ref]: docs/lost.md\n',
    'docs/a.md': '# A\n',
  })
  expect(checkLinks(base).output.split('\n')).toEqual([
    'README.md:3: docs/gone.md leads to no file of this repository',
    'README.md:4: docs/a.md has no heading #gone',
    'README.md:5: ../../etc/passwd leads to no file of this repository',
    'README.md:7: docs/lost.md leads to no file of this repository',
  ])
})

test('code is not prose', () => {
  expect(linksIn('`[a](b)`\n```md\n[a](b)\n```\n[c](d "title")\n')).toEqual([{ line: 5, target: 'd' }])
})

test('anchors are those of GitHub', () => {
  expect([...anchorsOf('# A `b` & C\n## [Link](x.md) it\n## Twice\n## Twice\n```\n# no\n```\n')]).toEqual([
    'a-b--c',
    'link-it',
    'twice',
    'twice-1',
  ])
})
