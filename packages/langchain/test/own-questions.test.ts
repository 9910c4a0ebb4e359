// A guarded tool that asks something itself, by LangGraph's interrupt(): each question gets its own answer and no other.
import { currentIdentity } from '@behalf/core'
import { StructuredTool, type StructuredToolInterface, tool } from '@langchain/core/tools'
import { Command, interrupt, MemorySaver } from '@langchain/langgraph'
import { describe, expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { call } from './agent.ts'
import { agentGraph, type Graph, handBuiltGraph } from './framework.ts'
import { ScriptedModel } from './scripted-model.ts'
import { Amount, Nothing, policies, verified, world } from './world.ts'

const thread = { configurable: { thread_id: 'thread-1' } }
const DELETE = 'Delete all 500 files?'

interface Asked {
  readonly id?: string
  readonly value?: unknown
}

const graphs = { createAgent: agentGraph, 'a ToolNode': handBuiltGraph }

/** `wipe` and `paint` ask before they do anything; `calls` are one step of the model. */
function asking(
  build: (typeof graphs)['createAgent'],
  calls: readonly ReturnType<typeof call>[],
  more: readonly unknown[] = [],
) {
  const answers: Record<string, unknown[]> = {}
  const ask = (name: string, ...questions: readonly string[]) =>
    tool(
      () => {
        const given = questions.map((question) => interrupt(question))
        answers[name] = given
        return `${name} done`
      },
      { name, description: 'Asks', schema: Nothing },
    )
  const behalf = world()
  const tools = [
    ask('wipe', DELETE),
    ask('paint', 'Which colour?', 'How bright?'),
    ...more,
  ] as StructuredToolInterface[]
  const guarded = guardTools(tools as never, {
    guard: behalf.guard(),
    policies: { ...policies, wipe: policies.look, paint: policies.ping } as never,
  }) as readonly StructuredToolInterface[]
  const checkpointer = new MemorySaver() as never
  // Made again for each request, as after a restart.
  const graph = (): Graph => build({ model, tools: guarded, checkpointer })
  const model = new ScriptedModel([calls])
  const state = () => graph().getState(thread)
  return {
    ...behalf,
    answers,
    model,
    state,
    start: (context = {}) => graph().invoke({ messages: [{ role: 'user', content: 'Go' }] }, { ...thread, context }),
    go: (resume: unknown, context = {}) => graph().invoke(new Command({ resume }), { ...thread, context }),
    again: (context = {}) => graph().invoke(null, { ...thread, context }),
    wake: async (identity: Awaited<ReturnType<typeof verified>>) => {
      const { command } = await resumeWhenResolved(await state(), { guard: behalf.guard(), identity })
      if (command !== undefined) await graph().invoke(command, { ...thread, context: { identity } })
    },
    asked: async () => (await state()).tasks.flatMap(({ interrupts }) => interrupts as readonly Asked[]),
    values: async () =>
      (await state()).tasks.flatMap(({ interrupts }) => interrupts.map((one) => (one as Asked).value)),
  }
}

for (const [name, build] of Object.entries(graphs)) {
  describe(`in ${name}`, () => {
    for (const value of [true, { approved: true }, 'yes', { behalf: 'look again' }]) {
      test(`what the guard's pause is resumed with answers no question of the tool: ${JSON.stringify(value)}`, async () => {
        for (const how of ['named', 'unnamed'] as const) {
          const { start, go, again, asked, values, answers } = asking(build, [call('a', 'wipe')])
          await start()
          const [login] = await asked()
          expect(login?.value).toMatchObject({ kind: 'login_required' })
          const context = { identity: await verified() }
          await go(how === 'named' ? { [login?.id ?? '']: value } : value, context)
          expect([how, answers, await values()]).toEqual([how, {}, [DELETE]])
          // Neither does what the graph keeps of it.
          await again(context)
          expect([how, answers, await values()]).toEqual([how, {}, [DELETE]])
          const [question] = await asked()
          await go({ [login?.id ?? '']: value }, context)
          expect([how, answers, await values()]).toEqual([how, {}, [DELETE]])
          await go({ [question?.id ?? '']: 'no' }, context)
          expect([how, answers, await values()]).toEqual([how, { wipe: ['no'] }, []])
        }
      })
    }

    test('the resume helper wakes the guard, and answers no question of the tool', async () => {
      const { start, wake, values, answers } = asking(build, [call('a', 'wipe')])
      await start()
      const identity = await verified()
      await wake(identity)
      await wake(identity)
      expect([answers, await values()]).toEqual([{}, [DELETE]])
    })

    test('a question that stands alone may be answered without its name, and answers stay with their questions', async () => {
      const { start, go, again, values, answers } = asking(build, [call('a', 'paint')])
      await start()
      expect(await values()).toEqual(['Which colour?'])
      await go('blue')
      expect([answers, await values()]).toEqual([{}, ['How bright?']])
      await again()
      expect([answers, await values()]).toEqual([{}, ['How bright?']])
      await go('very')
      expect([answers, await values()]).toEqual([{ paint: ['blue', 'very'] }, []])
    })

    test('a guard that pauses again takes no answer that was given before', async () => {
      const { start, go, asked, values, answers } = asking(build, [call('a', 'wipe')])
      const context = { identity: await verified() }
      await start(context)
      const [question] = await asked()
      await go({ [question?.id ?? '']: 'no' })
      expect(await values()).toMatchObject([{ kind: 'login_required' }])
      const [login] = await asked()
      await go({ [login?.id ?? '']: true }, context)
      expect(answers).toEqual({ wipe: ['no'] })
    })

    test('two calls that ask at once are both shown, and each gets its own answer', async () => {
      const { start, go, asked, values, answers } = asking(build, [call('a', 'wipe'), call('b', 'paint')])
      const context = { identity: await verified() }
      await start()
      expect((await values()).toSorted((one) => (one === 'Which colour?' ? 1 : -1))).toEqual([
        expect.objectContaining({ kind: 'login_required' }),
        'Which colour?',
      ])
      const colour = (await asked()).find(({ value }) => value === 'Which colour?')
      await go({ [colour?.id ?? '']: 'blue' }, context)
      expect(answers).toEqual({})
      expect((await values()).toSorted()).toEqual([DELETE, 'How bright?'])
      // One value for all waiting questions names none.
      await go('yes', context)
      expect(answers).toEqual({})
      const find = async (text: string) => (await asked()).find(({ value }) => value === text)?.id ?? ''
      await go({ [await find('How bright?')]: 'very' }, context)
      expect(answers).toEqual({ paint: ['blue', 'very'] })
      await go({ [await find(DELETE)]: 'no' }, context)
      expect(answers).toEqual({ paint: ['blue', 'very'], wipe: ['no'] })
      expect(await values()).toEqual([])
    })
  })
}

test('of several questions of the guard in a ToolNode all are shown, and each may be the one that is answered', async () => {
  const { guard, answer, pass, questions } = world()
  const pay = tool(({ amount }) => `paid ${amount}`, { name: 'pay', description: 'Pays', schema: Amount })
  const model = new ScriptedModel([[call('a', 'pay', { amount: 1 }), call('b', 'pay', { amount: 2 })]])
  const tools = guardTools([pay], { guard: guard(), policies }) as unknown as StructuredToolInterface[]
  const graph = handBuiltGraph({ model, tools, checkpointer: new MemorySaver() as never })
  const context = { identity: await verified() }
  await graph.invoke({ messages: [{ role: 'user', content: 'Go' }] }, { ...thread, context })
  const waiting = interruptsOf(await graph.getState(thread))
  expect(waiting.map(({ interrupt: { message } }) => message).toSorted()).toEqual(['Pay 1', 'Pay 2'])
  expect(new Set(waiting.map(({ id }) => id)).size).toBe(2)
  expect(questions.toSorted()).toEqual(['Pay 1', 'Pay 2'])
  answer('approved')
  pass()
  await graph.invoke(new Command({ resume: { [waiting[1]?.id ?? '']: true } }), { ...thread, context })
  expect(interruptsOf(await graph.getState(thread))).toEqual([])
})

test('a class that asks in _call gets its own answers too', async () => {
  const answers: unknown[] = []
  class Asker extends StructuredTool<typeof Nothing> {
    readonly name = 'look'
    readonly description = 'Asks'
    readonly schema = Nothing
    protected async _call() {
      answers.push(interrupt(DELETE), currentIdentity().kind)
      return 'done'
    }
  }
  const { start, go, values } = asking(agentGraph, [call('a', 'look')], [new Asker()])
  const context = { identity: await verified() }
  await start()
  await go(true, context)
  expect([answers, await values()]).toEqual([[], [DELETE]])
  await go('no', context)
  expect([answers, await values()]).toEqual([['no', 'user'], []])
})
