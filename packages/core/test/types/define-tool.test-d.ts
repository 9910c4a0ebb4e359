import { describe, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { type Credential, defineTool, type Guard, type Outcome, resource, type ToolCall } from '../../src/index.ts'

declare const guard: Guard
declare const call: ToolCall

const Order = z.strictObject({ symbol: z.string(), quantity: z.int() })
const buy = defineTool({
  name: 'buy',
  description: 'Buys shares.',
  input: Order,
  access: { trade: resource('https://api.example.com', { scopes: ['trade:write'] }) },
  approval: {
    message: ({ input }) => {
      expectTypeOf(input.quantity).toEqualTypeOf<number>()
      return `Buy ${input.quantity}`
    },
  },
  run: async (input, { access }) => {
    expectTypeOf(input).toEqualTypeOf<z.infer<typeof Order>>()
    expectTypeOf(access.trade).toEqualTypeOf<Credential>()
    // @ts-expect-error no credential of this name was declared
    access.other
    return { bought: input.quantity }
  },
})

describe('defineTool', () => {
  test('keeps name, input and result', () => {
    expectTypeOf(buy.name).toEqualTypeOf<'buy'>()
    expectTypeOf(guard.run(buy, call)).toEqualTypeOf<Promise<Outcome<{ bought: number }>>>()
    expectTypeOf(guard.preflight).toBeCallableWith(buy, call)
    guard.check([buy])
  })

  test('wrong rules do not compile', () => {
    const tool = { name: 'a', description: 'b', input: Order } as const
    // A read stores no result.
    defineTool({ ...tool, run: () => new Date() })
    defineTool({ ...tool, effect: 'read', run: () => new Date() })
    defineTool({
      ...tool,
      approval: { message: () => 'x' },
      // @ts-expect-error the result of a write must be plain JSON
      run: () => new Date(),
    })
    defineTool({
      ...tool,
      // @ts-expect-error the input has no field of this name
      run: ({ amount }) => amount,
    })
    // @ts-expect-error a misspelt rule
    defineTool({ ...tool, run: () => 1, aproval: { message: () => 'x' } })
    // @ts-expect-error a tool needs a body
    defineTool(tool)
  })
})
