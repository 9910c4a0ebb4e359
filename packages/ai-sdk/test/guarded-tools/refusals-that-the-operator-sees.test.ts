import { readFileSync } from 'node:fs'
import { policy } from '@behalf/core'
import { buy, stockTools } from '@behalf/testing/contract'
import { generateText, isStepCount } from 'ai'
import { expect, onTestFinished, test, vi } from 'vitest'
import { guardTools } from '../../src/index.ts'
import { call, scripted } from '../scripted-model.ts'
import { makeTools, policies, world } from '../world.ts'

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')

function printed() {
  const error = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => error.mockRestore())
  return error
}

const asking = (options: object) => (id: string) => {
  const guarded = guardTools(makeTools(), { policies, threadId: 't', ...options } as never)
  const model = scripted([call(id, 'create_order', buy(5))], 'ok')
  return generateText({ model, prompt: 'Buy', ...guarded, stopWhen: isStepCount(3) } as never)
}

test.each(['onError', 'the console'])(
  'why a call was refused by a fault of the set-up is told once, by %s',
  async (by) => {
    const target = await world()
    const guard = target.guard()
    const [onError, error] = [vi.fn(), printed()]
    const handler = by === 'onError' ? { onError } : {}
    const login = target.login()
    for (const id of ['1', '2']) await asking({ guard, identity: login, ...handler })(id)
    const late = 'no verification of @behalf/core returned this identity: await the promise'
    expect(page).toContain(late)
    const text = `was refused (identity_not_verified): ${late}`
    const told = [expect.objectContaining({ message: `create_order: ${text}` }), 'create_order']
    expect(onError.mock.calls).toEqual(by === 'onError' ? [told] : [])
    expect(error.mock.calls).toEqual(by === 'onError' ? [] : [[`@behalf: the tool "create_order" ${text}`]])
    // Another reason is told, too, and a refusal of the user is not.
    await asking({ guard, identity: { subject: 'ann' }, ...handler })('3')
    await asking({ guard, identity: await target.login('bob'), ...handler })('4')
    expect((by === 'onError' ? onError : error).mock.calls).toHaveLength(2)
    expect(await target.orders()).toBe(0)
  },
)

test('the message of an error that a rule threw is not printed, and onError gets it', async () => {
  const target = await world()
  const identity = await target.login()
  const [onError, error] = [vi.fn(), printed()]
  const throwing = policy(stockTools().tools.create_order.inputSchema, {
    permission: () => {
      throw new RangeError('no rule for secret-1')
    },
  })
  for (const handler of [{}, { onError }]) {
    const own = { ...policies, create_order: throwing }
    await asking({ guard: target.guard(), identity, policies: own, ...handler })('1')
  }
  expect(error.mock.calls).toEqual([
    [
      '@behalf: the tool "create_order" was refused (misconfigured): the rule permission threw RangeError: give `onError` to see its message',
    ],
  ])
  expect(String(onError.mock.lastCall)).toContain('no rule for secret-1')
})
