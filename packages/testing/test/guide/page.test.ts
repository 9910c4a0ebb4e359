import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test('the guide shows the program that runs here', () => {
  expect(read('../../../../docs/guides/testing.md')).toContain(read('./agent.test.ts').trim())
})
