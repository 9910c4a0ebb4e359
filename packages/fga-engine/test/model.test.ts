import { ConfigurationError } from '@behalf/core'
import { expect, test } from 'vitest'
import { createEngine } from '../src/index.ts'
import { refusedModels } from './models/refused-models.ts'

test.each(refusedModels)('a model is refused for %s', async (_name, model) => {
  await expect(async () => createEngine({ model }).ready()).rejects.toThrow(ConfigurationError)
})
