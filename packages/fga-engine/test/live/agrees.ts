import { expect } from 'vitest'
import type { Answers } from './answers.ts'
import type { Scenario } from './load-stores.ts'

/** Every assertion of a scenario, asked at one place. */
export async function agrees({ checks, lists, userLists }: Scenario, answers: Answers): Promise<void> {
  for (const { question, expected } of checks) {
    expect(await answers.check(question), JSON.stringify(question)).toBe(expected)
  }
  for (const { question, expected } of lists) {
    expect(await answers.listObjects(question), JSON.stringify(question)).toEqual([...expected].sort())
  }
  for (const { question, expected } of userLists) {
    expect(await answers.listUsers(question), JSON.stringify(question)).toEqual([...expected].sort())
  }
}
