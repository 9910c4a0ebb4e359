import { ConfigurationError } from '@behalf/core'
import { describe, expect, test } from 'vitest'
import { createEngine } from '../src/index.ts'
import { conditionModel } from './models/coercions.ts'
import { parameters, refusedExpressions, takenExpressions } from './models/expressions.ts'
import { refusedModels } from './models/refused-models.ts'

test.each(refusedModels)('a model is refused for %s', async (_name, model) => {
  await expect(async () => createEngine({ model }).ready()).rejects.toThrow(ConfigurationError)
})

describe('the expression of a condition', () => {
  const ready = (expression: string) => createEngine({ model: conditionModel(parameters, expression) }).ready()

  test.each(takenExpressions)('%s', async (expression) => {
    await expect(ready(expression)).resolves.toBeUndefined()
  })

  test.each(refusedExpressions)('is refused as %s', async (expression) => {
    await expect(ready(expression)).rejects.toThrow(ConfigurationError)
  })

  test('says what is wrong with it', async () => {
    const cause = async (expression: string) => (await ready(expression).catch((error) => error)).cause.message
    expect(await cause('i == x')).toContain('"x"')
    expect(await cause('i == s')).toContain('(int, string)')
    expect(await cause('l')).toContain('list(string)')
  })
})
