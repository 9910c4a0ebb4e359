import { readFileSync } from 'node:fs'
import { buy } from '@behalf/testing/contract'
import { generateText, isStepCount } from 'ai'
import { expect, onTestFinished, test, vi } from 'vitest'
import { guardTools } from '../../src/index.ts'
import { call, scripted } from '../scripted-model.ts'
import { makeTools, policies, world } from '../world.ts'

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')
const said = 'guardTools.toolApproval: was not passed on, so this call cannot wait for a person, '

test.each(['onError', 'the console'])(
  'tools without their toolApproval are reported once, by %s, when a call needs a person',
  async (by) => {
    const target = await world()
    const guard = target.guard()
    const identity = await target.login()
    const onError = vi.fn()
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    onTestFinished(() => warn.mockRestore())
    const ask = (ids: readonly string[]) => {
      const handler = by === 'onError' ? { onError } : {}
      const { tools } = guardTools(makeTools(), { guard, policies, identity, threadId: 't', ...handler })
      const model = scripted(
        [call('0', 'create_order', buy(5)), ...ids.map((id) => call(id, 'create_order', buy(50)))],
        'ok',
      )
      return generateText({ model, prompt: 'Buy', tools, stopWhen: isStepCount(3) })
    }
    await ask([])
    expect([onError.mock.calls, warn.mock.calls]).toEqual([[], []])
    await ask(['1', '2'])
    await ask(['3'])
    const remedy = expect.stringContaining(said)
    expect(warn.mock.calls).toEqual(by === 'onError' ? [] : [[remedy]])
    expect(onError.mock.calls).toEqual(
      by === 'onError'
        ? [[expect.objectContaining({ message: remedy, code: 'ERR_CONFIGURATION' }), 'create_order']]
        : [],
    )
    expect(await target.orders()).toBe(1)
    expect(page).toContain(said)
  },
)
