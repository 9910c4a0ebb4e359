import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './repository.ts'

/** The value of today, which a gate holds, beside the one that is aimed at. */
export interface Budget {
  readonly unit: string
  readonly target: number
  /** No more than this. Who raises it writes a decision record that says what was removed to pay for it. */
  readonly today: number
}

/** The budgets of `budgets.json`, by name. */
export function budgets(): Readonly<Record<string, Budget>> {
  return JSON.parse(readFileSync(join(root, 'budgets.json'), 'utf8')) as Record<string, Budget>
}

/** One budget by its name. @throws Error The name is unknown. */
export function budget(name: string): Budget {
  const found = budgets()[name]
  if (found === undefined) throw new Error(`budgets.json has no ${JSON.stringify(name)}`)
  return found
}
