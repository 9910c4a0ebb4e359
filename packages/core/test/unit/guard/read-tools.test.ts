import { describe, expect, test } from 'vitest'
import { readTools } from '../../../src/entrypoints/spi.ts'
import { defineTool } from '../../../src/index.ts'
import { schema, smallWorld, user } from './small-world.ts'

const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: schema,
  run: ({ amount }, { identity }) => `${amount} for ${identity?.kind}`,
})

describe('the tools of an adapter', () => {
  test('run their bodies within the guarded call, and nowhere else', async () => {
    const [read] = readTools('toTools', [pay])
    const execute = read?.execute as (input: unknown) => unknown
    const { guard, call } = smallWorld()
    const outcome = await guard().run(read?.policy, call({ identity: user() }), (input) => execute(input))
    expect(outcome).toMatchObject({ status: 'done', result: '50 for user' })
    expect(() => execute({ amount: 1 })).toThrow('no guarded call runs here')
  })

  test.each([
    ['that defineTool did not make', [{ ...pay }], 'toTools.tools[0]'],
    ['of one name', [pay, pay], 'toTools.tools.pay'],
    ['that are no list', { pay }, 'toTools.tools'],
  ])('%s are refused when they are made', (_, tools, option) => {
    expect(() => readTools('toTools', tools as never)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIGURATION', option }),
    )
  })
})
