import { expect, test } from 'vitest'
import { jsonLinesSink } from '../../../src/entrypoints/audit.ts'
import type { AuditEvent } from '../../../src/index.ts'

const event = (tool: string): AuditEvent => ({ v: 1, at: 1, agent: 'a', tool, type: 'raw_token', credential: 'c' })

test.each([
  ['U+2028, a line separator', '\u2028'],
  ['U+2029, a paragraph separator', '\u2029'],
  ['U+0085, next line', '\u0085'],
  ['U+009B, which begins a terminal sequence', '\u009b2J'],
  ['U+007F, delete', '\u007f'],
  ['U+202E, which turns the direction of writing', '\u202e'],
  ['U+2066, which isolates a direction of writing', '\u2066'],
  ['U+FEFF, a byte order mark', '\ufeff'],
])('an event that holds %s is one line in which it stands escaped, and reads back the same', async (_, odd) => {
  const lines: string[] = []
  await jsonLinesSink({ to: (line) => void lines.push(line) }).write(event(`before${odd}after 你好 é`))
  const [line = ''] = lines
  expect(lines).toHaveLength(1)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
  expect(line).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/)
  expect(line).toContain('你好 é')
  expect(line.indexOf('\n')).toBe(line.length - 1)
  expect(JSON.parse(line)).toEqual(event(`before${odd}after 你好 é`))
})
