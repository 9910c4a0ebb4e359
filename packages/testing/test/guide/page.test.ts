import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test.each(['./agent.test.ts', '../../../ai-sdk/test/guide/chat.test.ts'])(
  'the guide shows the program that runs: %s',
  (path) => {
    expect(read('../../../../docs/guides/testing.md')).toContain(read(path).trim())
  },
)
