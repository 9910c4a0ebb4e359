import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './repository.ts'

/** The current limit, which a gate enforces, and the target. */
export interface Budget {
  readonly unit: string
  readonly target: number
  /** The current limit. To raise it, write a decision record that says what was removed in return. */
  readonly today: number
}

/** The budgets of `budgets.json`, by name. */
export function budgets(): Readonly<Record<string, Budget>> {
  return JSON.parse(readFileSync(join(root, 'budgets.json'), 'utf8')) as Record<string, Budget>
}

/** Returns one budget by its name. @throws Error The name is unknown. */
export function budget(name: string): Budget {
  const found = budgets()[name]
  if (found === undefined) throw new Error(`budgets.json has no ${JSON.stringify(name)}`)
  return found
}
