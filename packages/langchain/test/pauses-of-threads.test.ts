import { tool } from '@langchain/core/tools'
import { isGraphInterrupt } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { Amount, policies, verified, world } from './world.ts'

test('the interrupt of one thread, copied into the same pause of another thread, answers nothing', async () => {
  const { guard, answer, pass } = world()
  const identity = await verified()
  const pay = tool(({ amount }) => `paid ${amount}`, { name: 'pay', description: 'Pays', schema: Amount })
  const [guarded] = guardTools([pay], { guard: guard(), policies, identity })
  const pausedIn = async (thread_id: string) => {
    // As LangGraph calls a tool of the same task, in a thread that a program copied with its checkpoints.
    const task = { checkpoint_ns: 'tools:1', __pregel_scratchpad: { interruptCounter: -1, resume: [] } }
    const configurable = { ...task, thread_id, __pregel_checkpointer: {} }
    const asked = { type: 'tool_call', id: 'a', name: 'pay', args: { amount: 1 } } as const
    const thrown: unknown = await guarded.invoke(asked, { configurable }).catch((error: unknown) => error)
    if (!isGraphInterrupt(thrown)) throw thrown
    const [pause] = interruptsOf({ __interrupt__: thrown.interrupts })
    if (pause === undefined) throw new TypeError('nothing waits')
    return pause
  }
  const [one, other] = [await pausedIn('thread-1'), await pausedIn('thread-2')]
  answer('approved')
  pass()
  const answersTo = (id: string, value: unknown) =>
    resumeWhenResolved({ __interrupt__: [{ id, value }] }, { guard: guard(), identity })
  expect(await answersTo(one.id, one.interrupt)).toMatchObject({ status: 'resolved' })
  expect(await answersTo(other.id, one.interrupt)).toEqual({ status: 'unknown' })
})
