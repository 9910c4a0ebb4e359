import { expect, test } from 'vitest'
import { firstProgramOf } from '../consumers/first-program.ts'

const page = (...fences: readonly string[]) => fences.join('\n\n')
const install = '```sh\nnpm install --save-dev one @scope/two   # what for\n```'
const program =
  "```ts\nimport { a } from 'one/deep'\nimport fs from 'node:fs'\nimport b from '@scope/two'\na(fs, b, hidden)\n```"

test('what a page installs, and its first program', () => {
  const { installed, code, imports } = firstProgramOf(page('# Page', install, program, '```ts\nlater()\n```'))
  expect(installed).toEqual(['one', '@scope/two'])
  expect(imports).toEqual(['one', '@scope/two'])
  expect(code).toContain('a(fs, b, hidden)')
  expect(code).not.toContain('later')
})

test('what the page hides is checked, and not run', () => {
  const { checked, code } = firstProgramOf(page(install, '<!-- prelude\ndeclare const hidden: string\n-->', program))
  expect(checked).toContain('declare const hidden')
  expect(code).not.toContain('declare const hidden')
})

test('a page without a program, or that does not say what to install', () => {
  expect(() => firstProgramOf(install)).toThrow('there is no program')
  expect(() => firstProgramOf(program)).toThrow('nothing says what to install')
})
