import type { Explainer } from '@behalf/core/fga'
import { expectTypeOf, test } from 'vitest'
import type { FgaEngine } from '../../src/index.ts'

test("an engine is what core's openFga takes for an explainer", () => {
  expectTypeOf<FgaEngine>().toExtend<Explainer>()
})
