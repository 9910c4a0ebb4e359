import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../gates/repository.ts'
import { reportOf } from '../mutation/mutate-room.ts'
import { rooms } from '../mutation/rooms.ts'

const mutant = (status: 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored', line = 1) => ({
  status,
  mutatorName: 'ConditionalExpression',
  replacement: 'false',
  location: { start: { line } },
})

test('what no test notices or reaches survived, what is explained does not count', () => {
  const mutants = [
    mutant('Killed'),
    mutant('Timeout'),
    mutant('Ignored'),
    mutant('Survived', 7),
    mutant('NoCoverage', 9),
  ]
  expect(reportOf({ 'a.ts': { mutants } })).toEqual({
    noticed: 2,
    all: 4,
    survivors: [
      'a.ts:7 ConditionalExpression becomes false; no test notices',
      'a.ts:9 ConditionalExpression becomes false; no test reaches it',
    ],
    timedOut: ['a.ts:1 ConditionalExpression becomes false'],
  })
})

test('every room of core that decides something is mutated', () => {
  const there = readdirSync(join(root, 'packages', 'core', 'src')).filter(
    (name) => !/^(entrypoints|index\.ts)$/.test(name),
  )
  expect(there.sort()).toEqual(rooms.map(({ name }) => name).sort())
})
