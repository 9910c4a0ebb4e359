import { defineTool, type Guard, type Identity } from '@behalf/core'
import type { InferToolInput, InferToolOutput } from 'ai'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { toAiTools } from '../../src/index.ts'

declare const guard: Guard
declare const identity: Identity

const buy = defineTool({
  name: 'buy',
  description: 'Buys.',
  input: z.strictObject({ quantity: z.number() }),
  effect: 'write',
  run: async ({ quantity }) => ({ bought: quantity }),
})

test('the tools keep their names, inputs and results', () => {
  const { tools } = toAiTools(guard, [buy], { identity, threadId: 't' })
  expectTypeOf<keyof typeof tools>().toEqualTypeOf<'buy'>()
  expectTypeOf<InferToolInput<typeof tools.buy>>().toEqualTypeOf<{ quantity: number }>()
  expectTypeOf<InferToolOutput<typeof tools.buy>>().toEqualTypeOf<{ bought: number }>()
})

test('the thread and the identity have to be said', () => {
  // @ts-expect-error no identity
  toAiTools(guard, [buy], { threadId: 't' })
  // @ts-expect-error no tool
  toAiTools(guard, [{ name: 'buy' }], { identity, threadId: 't' })
})
