import { expect, test } from 'vitest'
import { TransportError } from '../../../src/index.ts'
import { asks, smallWorld } from './small-world.ts'
import { waiting } from './timed-out.ts'

const retold = /may be under way already\. It was not started again/

test('a call that is running is never reported as not done', async () => {
  const { guard, call, answers, clock } = smallWorld()
  const [here, there] = [guard(), guard({ timeoutMs: 400 })]
  await here.run(asks, call(), () => 'ran')
  answers({ status: 'approved' })
  clock.advance(10)
  const { waits, began, end } = waiting('ordered')
  const running = here.run(asks, call(), waits)
  await began
  const second = await there.run(asks, call(), () => 'twice')
  expect(second).toMatchObject({ status: 'unavailable', message: expect.stringMatching(retold) })
  expect(second.status === 'unavailable' && second.message).not.toMatch(/was not done/)
  expect(await there.preflight(asks, call())).toMatchObject({ status: 'ready' })
  end()
  expect(await running).toMatchObject({ status: 'done', result: 'ordered' })
  expect(await there.run(asks, call(), () => 'twice')).toMatchObject({ status: 'done', result: 'ordered' })
})

test('of one that waits for a service it is said that this call did nothing', async () => {
  const { guard, call, failsToAsk } = smallWorld()
  failsToAsk(async () => {
    throw new TransportError('the channel is down')
  })
  const outcome = await guard().run(asks, call(), () => 'ran')
  expect(outcome).toMatchObject({ status: 'unavailable', message: expect.stringMatching(/This call did nothing/) })
})
