import { policy } from '@behalf/core'
import { createTool } from '@mastra/core/tools'
import * as z from 'zod'
import { guardTools, type Replay } from '../src/index.ts'
import { world } from './world.ts'

export const Amount = z.strictObject({ amount: z.number() })

/** Tools that count how often their bodies run. */
export async function countedTools() {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const ran: string[] = []
  const counting = (id: string) =>
    createTool({
      id,
      description: 'Counts',
      inputSchema: Amount,
      outputSchema: z.string(),
      async execute({ amount }) {
        ran.push(`${id} ${amount}`)
        return `${id} ${amount}`
      },
    })
  const policies = {
    note: policy(Amount, { effect: 'write' }),
    pay: policy(Amount, { approval: { message: ({ input }) => `Pay ${input.amount}` } }),
  }
  const errors: unknown[] = []
  const onError = (error: unknown) => void errors.push(error)
  const replays: Replay[] = []
  const onReplayed = (replay: Replay) => void replays.push(replay)
  const own = { guard, policies, identity, onError, onReplayed }
  const tools = guardTools({ note: counting('note'), pay: counting('pay') }, own)
  return { target, guard, identity, ran, errors, replays, tools }
}
