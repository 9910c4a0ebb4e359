import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { files, root } from '../gates/repository.ts'

test('each test that the table of threats names is there', () => {
  const page = readFileSync(join(root, 'docs', 'security.md'), 'utf8')
  const tests = files(['packages/*/test/**/*.ts', 'examples/*/{test,browser}/**/*.ts'])
  const named = page.split('\n').flatMap((line, index) =>
    [...line.matchAll(/`([\w./{},-]+\.(?:test|test-d|live)\.ts)`/g)].flatMap(([, name = '']) => {
      const [braces, choices = ''] = /\{([^}]+)\}/.exec(name) ?? []
      const names = braces === undefined ? [name] : choices.split(',').map((one) => name.replace(braces, one))
      return names.map((one) => ({ line: index + 1, name: one }))
    }),
  )
  const missing = named.filter(({ name }) => !tests.some((file) => `/${file}`.endsWith(`/${name}`)))
  expect(missing).toEqual([])
  expect(named.length).toBeGreaterThan(200)
})
