import { describe, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import {
  type Credential,
  type DefinedTool,
  defineTool,
  type Guard,
  type Outcome,
  resource,
  type ToolCall,
} from '../../src/index.ts'

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

  test('a call takes the input of the schema, or the unknown input of a model, and no misspelt field', () => {
    const note = defineTool({
      name: 'note',
      description: 'Notes.',
      input: z.object({ text: z.string(), at: z.string().optional(), size: z.string().transform(Number) }),
      run: ({ size }) => size,
    })
    guard.run(note, { slot: '1', input: { text: 'a', size: '2' } })
    guard.run(note, { slot: '1', input: {} as unknown })
    guard.run(note, { slot: '1', input: JSON.parse('{}') })
    expectTypeOf(guard.run(note, { slot: '1', input: JSON.parse('{}') })).toEqualTypeOf<Promise<Outcome<number>>>()
    guard.run(note as DefinedTool, { slot: '1', input: { any: 'thing' } })
    // @ts-expect-error a misspelt field
    guard.run(note, { slot: '1', input: { txt: 'a', size: '2' } })
    // @ts-expect-error a misspelt field that could be absent
    guard.run(note, { slot: '1', input: { text: 'a', size: '2', att: 'b' } })
    // @ts-expect-error the output of the schema, and not its input
    guard.run(note, { slot: '1', input: { text: 'a', size: 2 } })
    // @ts-expect-error no input
    guard.run(note, { slot: '1' })
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
