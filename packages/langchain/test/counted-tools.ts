import { ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { guardTools } from '../src/index.ts'
import { Amount, Nothing, policies, world } from './world.ts'

/** Tools that count how often their bodies run. */
export function counted(over: Partial<Parameters<typeof guardTools>[1]> = {}, guard = world().guard()) {
  const ran: Record<string, number> = {}
  const count = (name: string, result: unknown) => {
    ran[name] = (ran[name] ?? 0) + 1
    return result
  }
  const tools = [
    tool(({ amount }) => count('pay', `paid ${amount}`), { name: 'pay', description: 'Pays', schema: Amount }),
    tool(({ amount }) => count('note', `noted ${amount}`), { name: 'note', description: 'Notes', schema: Amount }),
    tool(() => count('look', 'looked'), { name: 'look', description: 'Looks', schema: Nothing }),
  ] as const
  return { ran, tools: guardTools(tools, { guard, policies, ...over } as never) as typeof tools }
}

/** What the tools answered, as the model reads it. */
export const toolTexts = (messages: readonly { readonly text: string }[]) =>
  messages.filter((message) => ToolMessage.isInstance(message)).map(({ text }) => text)
