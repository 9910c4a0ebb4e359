// LangChain's own middlewares around a guarded call.
import { isGraphInterrupt } from '@langchain/langgraph'
import { toolRetryMiddleware } from 'langchain'
import { expect, test } from 'vitest'
import { interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { counted, toolTexts } from './counted-tools.ts'
import { verified, world } from './world.ts'

type Middleware = NonNullable<NonNullable<Parameters<typeof agentWith>[2]>['middleware']>[number]

// LangChain's own type of it does not fit LangChain's option under exactOptionalPropertyTypes.
const retriesWith = (options: Parameters<typeof toolRetryMiddleware>[0]) =>
  toolRetryMiddleware(options) as unknown as Middleware

const pays = [[call('a', 'pay', { amount: 1 })]]

test('a retry middleware that lets pauses through, as the guide says, pauses a call and goes on with it once', async () => {
  const { guard, answer, pass, questions } = world()
  const { ran, tools } = counted({}, guard())
  const retries = retriesWith({ retryOn: (error) => !isGraphInterrupt(error), onFailure: 'error' })
  const run = agentWith(tools, pays, { middleware: [retries] })
  const identity = await verified()
  await run.ask({ identity })
  expect(interruptsOf(await run.state())).toMatchObject([{ interrupt: { tool: 'pay' } }])
  answer('approved')
  pass()
  const { command } = await resumeWhenResolved(await run.state(), { guard: guard(), identity })
  const { messages } = await run.go(command as never, { identity })
  expect(toolTexts(messages)).toEqual(['paid 1'])
  expect([ran, questions]).toEqual([{ pay: 1 }, ['Pay 1']])
})

test('one that takes a pause for a failure fails closed: the person is asked once, and nothing runs', async () => {
  const { guard, questions } = world()
  const { ran, tools } = counted({}, guard())
  const retries = retriesWith({ maxRetries: 1, initialDelayMs: 1 })
  const { messages } = await agentWith(tools, pays, { middleware: [retries] }).ask({ identity: await verified() })
  expect(toolTexts(messages).join()).toMatch(/failed/)
  expect([ran, questions]).toEqual([{}, ['Pay 1']])
})
