import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, root } from '../gates/repository.ts'

const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
const tests = files(['packages/*/test/**/*.ts', 'examples/*/{test,browser}/**/*.ts'])

/** The words are a part of a title; quotes and code marks do not count. */
const plain = (text: string) => text.toLowerCase().replaceAll('’', "'").replaceAll('`', '')

test('each test that the table of threats names is there, with the words that it is named by', () => {
  const named = page
    .split('\n')
    .flatMap((line, index) =>
      [...line.matchAll(/`([\w./{},-]+\.(?:test|test-d|live)\.ts)`(?:: ([^;|]+?)(?=;| \|))?/g)].map(
        ([, name = '', words]) => ({ line: index + 1, name, words }),
      ),
    )
  const problems = named.flatMap(({ line, name, words }) => {
    const [braces, choices] = /\{([^}]+)\}/.exec(name) ?? []
    const names = braces === undefined ? [name] : (choices ?? '').split(',').map((one) => name.replace(braces, one))
    const found = names.map((one) => tests.filter((file) => `/${file}`.endsWith(`/${one}`)))
    if (found.some((those) => those.length === 0)) return [`line ${line}: there is no ${name}`]
    // Adapters share their scenarios: the words stand in the contract.
    if (words === undefined || braces !== undefined) return []
    const sources = plain(
      found
        .flat()
        .map((file) => readFileSync(join(root, file), 'utf8'))
        .join('\n'),
    )
    const isThere = sources.includes(plain(words)) || words.split(', ').every((part) => sources.includes(plain(part)))
    return isThere ? [] : [`line ${line}: ${name} does not say “${words}”`]
  })
  expect(problems).toEqual([])
  expect(named.length).toBeGreaterThan(200)
})
