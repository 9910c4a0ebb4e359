import { type Guard, HadNoEffect, type UserIdentity } from '@behalf/core'
import { policies, type ToolName } from '@behalf/example-stock-agent'
import type { ToolSet, UIMessage } from 'ai'
import { isGoingOn } from './parts.ts'

type Part = UIMessage['parts'][number]

/**
 * The tools, each of whose calls is in the conversation before its body acts.
 *
 * A turn is saved when it ends. A process that dies before would leave the user's words alone: asked again, the model
 * would call again under another id, which to the guard is another order. What was begun goes on under its own id
 * instead, and the guard tells what became of it: what was written is told again, and only what reads is run again.
 *
 * @param before - What the turn goes on from. Calls that are in it already are kept there.
 * @param save - If it throws, the body does not act.
 * @param isPresent - Whether who began the turn is still logged in: a turn outlives its request, and may outlive a logout.
 */
export function keepingCalls<Tools extends ToolSet>(
  tools: Tools,
  before: readonly UIMessage[],
  { save, isPresent }: { readonly save: (messages: readonly UIMessage[]) => void; isPresent(): Promise<boolean> },
): Tools {
  const begun = new Map<string, Part>()
  const isKept = (id: string) =>
    before.some(({ parts }) => parts.some((part) => 'toolCallId' in part && part.toolCallId === id))
  const keep = (id: string, part: Part) => {
    if (isKept(id)) return
    begun.set(id, part)
    save(withParts(before, [...begun.values()]))
  }
  const kept = Object.entries(tools).map(([name, tool]) => {
    const { execute } = tool
    if (execute === undefined) return [name, tool]
    const keeping: typeof execute = async (input, options) => {
      if (!(await isPresent())) throw new HadNoEffect(new Error('the login ended before the call'))
      const { toolCallId } = options
      const call = { type: `tool-${name}`, toolCallId, input } as const
      // As if a person had said yes: a wake-up, with which the framework calls it again.
      const approval = { id: crypto.randomUUID(), approved: true } as const
      keep(toolCallId, { ...call, state: 'approval-responded', approval })
      return execute(input, options)
    }
    return [name, { ...tool, execute: keeping }]
  })
  return Object.fromEntries(kept) as Tools
}

function withParts(messages: readonly UIMessage[], parts: Part[]): readonly UIMessage[] {
  const last = messages.at(-1)
  if (last?.role !== 'assistant') {
    return [...messages, { id: crypto.randomUUID(), role: 'assistant', parts: [{ type: 'step-start' }, ...parts] }]
  }
  // Into the step of what was answered: the framework goes on with the calls of one step together.
  return [...messages.slice(0, -1), { ...last, parts: [...last.parts, ...parts] }]
}

/** What a dead process left behind, to be gone on with under its own ids. */
export function callsToGoOn(messages: readonly UIMessage[]): readonly { tool: ToolName; id: string; input: unknown }[] {
  return (messages.at(-1)?.parts ?? []).flatMap((part) => {
    if (!('toolCallId' in part) || !isGoingOn(part)) return []
    const tool = part.type.replace(/^tool-/, '')
    return Object.hasOwn(policies, tool) ? [{ tool: tool as ToolName, id: part.toolCallId, input: part.input }] : []
  })
}

/** Whether the guard holds one of them to be running still: after a crash it does so for a minute. */
export async function isRunning(
  messages: readonly UIMessage[],
  {
    guard,
    identity,
    threadId,
  }: { readonly guard: Guard; readonly identity: UserIdentity | undefined; readonly threadId: string },
): Promise<boolean> {
  const outcomes = await Promise.all(
    callsToGoOn(messages).map(({ tool, id, input }) =>
      guard.preflight(policies[tool], { tool, slot: [threadId, id], input, identity }),
    ),
  )
  return outcomes.some(({ status }) => status === 'unavailable')
}
